"""The generator of noisy discs and squares."""

from __future__ import annotations

from segstudio.core.synthetic import DISC, SQUARE, Recipe, noisy_shapes


def test_it_makes_what_the_recipe_says_and_the_same_again() -> None:
    recipe = Recipe(nx=120, ny=80, count=6, r_min=5, r_max=9, border=10, seed=4)
    image, annotation = noisy_shapes(recipe)
    again, _ = noisy_shapes(recipe)
    assert image.shape == (80, 120)
    assert (image == again).all()
    assert (image.min(), image.max()) == (0.0, 1.0)
    assert [shape.label for shape in annotation.shapes] == [DISC] * 6 + [SQUARE] * 3
    for shape in annotation.shapes:
        (x, y), (rim_x, _) = shape.points
        middle, radius = (x, rim_x - x) if shape.label == DISC else ((x + rim_x) / 2, (rim_x - x) / 2)
        assert 10 <= middle < 110
        assert 5 <= radius < 9
        assert y < 80


def test_without_noise_the_ground_is_flat_and_later_shapes_lie_over_earlier() -> None:
    image, annotation = noisy_shapes(Recipe(sigma=0.0, count=30, rectangles=False, rgb=True))
    assert image.shape == (192, 192, 3)
    top = annotation.shapes[-1]
    (x, y) = top.points[0]
    inside = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
    assert (inside == inside[0, 0]).all()
