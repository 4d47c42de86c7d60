"""Line drawings as data: made once, written as SVG or drawn with Pillow.

Coordinates are in a square of 24 by 24, y downwards; a stroke is 2 wide with round ends.
"""

import math
from dataclasses import dataclass

Point = tuple[float, float]
GRID = 24.0
STROKE = 2.0
_STEPS = 24


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    closed: bool = False


@dataclass(frozen=True)
class Ring:
    """A circle's line."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Frame:
    """The line of a rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 2.0


Shape = Stroke | Ring | Dot | Frame
Glyph = tuple[Shape, ...]


def line(*points: Point) -> Stroke:
    """An open line."""
    return Stroke(points)


def loop(*points: Point) -> Stroke:
    """A closed line."""
    return Stroke(points, closed=True)


def arc(x: float, y: float, radius: float, start: float, end: float) -> tuple[Point, ...]:
    """Points on a circle; angles in degrees, 0 to the right, growing clockwise."""
    angles = [math.radians(start + (end - start) * i / _STEPS) for i in range(_STEPS + 1)]
    return tuple(
        (round(x + radius * math.cos(a), 2), round(y + radius * math.sin(a), 2)) for a in angles
    )


def curve(start: Point, over: Point, end: Point) -> tuple[Point, ...]:
    """Points on a quadratic Bézier curve."""
    found = []
    for i in range(_STEPS + 1):
        t = i / _STEPS
        x, y = ((1 - t) ** 2 * start[k] + 2 * t * (1 - t) * over[k] + t**2 * end[k] for k in (0, 1))
        found.append((round(x, 2), round(y, 2)))
    return tuple(found)


def as_svg(glyph: Glyph, colour: str) -> str:
    """The shapes as SVG elements; strokes and fills are of one colour."""
    parts = []
    for shape in glyph:
        match shape:
            case Stroke(points=points, closed=closed):
                path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + ("z" if closed else "")
                parts.append(f'<path d="{path}"/>')
            case Ring(x=x, y=y, radius=radius):
                parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')
            case Dot(x=x, y=y, radius=radius):
                parts.append(
                    f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{colour}" stroke="none"/>'
                )
            case Frame(x=x, y=y, width=width, height=height, radius=radius):
                parts.append(
                    f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
                    f'rx="{radius:g}"/>'
                )
    return (
        f'<g fill="none" stroke="{colour}" stroke-width="{STROKE:g}" stroke-linecap="round" '
        f'stroke-linejoin="round">{"".join(parts)}</g>'
    )
