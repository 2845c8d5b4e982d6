"""Labels beside points that cover neither each other nor a point: a greedy search, the same on every run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from ._sheet import text_width
from ._style import GREY, INK

_ANGLES = np.deg2rad(np.arange(0, 360, 15))
_NEAR = np.array([1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 50.0, 70.0])
_FAR = np.array([95.0, 125.0, 160.0, 200.0, 250.0])
_LEADER_FROM = 5.0
"""Distances in points: those tried for every label, those for labels that must be shown, the last without a line."""
_PASSES = 3
"""Labels are placed one by one, then each again now that the others stand."""
_UPWARDS = np.array([-0.7, 0.7])
"""Labels that must be shown rather go where a frontier leaves room, above and to the left; the others away from it."""


def place(
    axes: Axes, points, texts, must, size: float, lines=(), marker_size: float = 7.0, strong=None
) -> list[Text | None]:
    """Label points, and return the labels drawn; None for a label that found no room.

    Parameters
    ----------
    axes : Axes
        With its final limits and place, in a figure of 72 dots per inch.
    points : array of shape (n, 2)
        Data coordinates.
    texts : list of str, length n
    must : list of bool, length n
        Labels that come first and may stand far away, with a line to their point.
    size : float
        Font size in points.
    lines : list of arrays of shape (m, 2)
        Paths in data coordinates that labels rather don't cover (error bars, the frontier).
    marker_size : float
        Diameter of the points, in points.
    strong : list of bool, optional
        Labels in black, the others in grey; by default those that must be shown.
    """
    strong = must if strong is None else strong
    anchors = axes.transData.transform(np.asarray(points, dtype=float).reshape(-1, 2))
    room = _Room(axes.bbox, anchors, marker_size, [axes.transData.transform(line) for line in lines])
    extents = [np.array([text_width(text, size) + 2, 1.15 * size]) for text in texts]
    # The crowded have the least choice, so they go first; yet what suits one panel doesn't suit the next.
    crowd = [(np.hypot(*(anchors - anchor).T) < 60).sum() for anchor in anchors]
    orders = [
        sorted(range(len(texts)), key=lambda i: (not must[i], *key(i)))
        for key in (lambda i: (-crowd[i], anchors[i][0]), lambda i: (anchors[i][0],), lambda i: (-anchors[i][0],))
    ]
    room.labels = min((_arrange(room, order, extents, must) for order in orders), key=lambda found: _cost(found, must))
    return [_draw(axes, room, i, text, size, strong[i]) if i in room.labels else None for i, text in enumerate(texts)]


def _arrange(room: _Room, order, extents, must) -> dict[int, _Label]:
    room.labels = {}
    for _ in range(_PASSES):
        for i in order:
            room.labels.pop(i, None)
            room.settle(i, extents[i], _NEAR, must[i])
            if must[i] and i not in room.labels:
                room.settle(i, extents[i], _FAR, must[i])
    return room.labels


def _cost(labels: dict[int, _Label], must) -> float:
    missing = [i for i in range(len(must)) if i not in labels]
    return sum(label.cost for label in labels.values()) + sum(500.0 if must[i] else 150.0 for i in missing)


def _draw(axes: Axes, room: _Room, i: int, text: str, size: float, bold: bool) -> Text:
    to_axes = axes.transAxes.inverted().transform
    box, leader = room.labels[i].box, room.labels[i].leader
    if leader is not None:
        (x0, y0), (x1, y1) = to_axes(leader)
        axes.plot([x0, x1], [y0, y1], transform=axes.transAxes, color=GREY, linewidth=0.5, zorder=4)
    x, y = to_axes([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    return axes.text(
        x,
        y,
        text,
        size=size,
        color=INK if bold else GREY,
        ha="center",
        va="center_baseline",
        transform=axes.transAxes,
        # No box behind it: that would cut a hole into the frontier and its band.
        zorder=6,
    )


@dataclass(frozen=True)
class _Label:
    """Where a label is: its box (x0, y0, x1, y1), the line to its point or None, and how much it disturbs."""

    box: np.ndarray
    leader: tuple | None
    cost: float


class _Room:
    """What is taken: bounds, points, lines, and the labels with their leader lines placed so far (all in pixels)."""

    def __init__(self, bounds, anchors, marker_size: float, lines):
        self.low = np.array([bounds.x0, bounds.y0]) + 1
        self.high = np.array([bounds.x1, bounds.y1]) - 1
        self.radius = marker_size / 2
        self.anchors = anchors
        self.lines = np.vstack([np.empty((0, 2)), *(_samples(a, b) for line in lines for a, b in pairwise(line))])
        self.labels: dict[int, _Label] = {}

    def settle(self, i: int, extent, distances, upwards: bool) -> None:
        """Put label ``i`` where it disturbs least, if anywhere."""
        anchor = self.anchors[i]
        radii, angles = (grid.ravel() for grid in np.meshgrid(distances, _ANGLES, indexing="ij"))
        way = np.column_stack([np.cos(angles), np.sin(angles)])
        # Beside a point a label is centred on its height, above it on its width, in between at a corner.
        centres = anchor + way * (radii + self.radius)[:, None] + np.clip(1.5 * way, -1, 1) * extent / 2
        boxes = np.hstack([centres - extent / 2, centres + extent / 2])
        free = self._free(boxes)
        boxes, radii, way = boxes[free], radii[free], way[free]
        if not len(boxes):
            return
        leaders = [self._leader(anchor, box) for box in boxes]
        away = -way @ _UPWARDS if upwards else way @ _UPWARDS
        cost = 0.9 * radii + 1.2 * away + 0.4 * _covers(boxes, self.lines, 0.5).sum(axis=1)
        cost += 30.0 * self._ambiguous(i, boxes, leaders)
        placed = [label.leader for label in self.labels.values() if label.leader is not None]
        if placed:
            cost += 8.0 * _covers(boxes, np.vstack([_samples(*leader) for leader in placed]), 1.0).sum(axis=1)
        # A line to the point takes long to judge and only ever adds: try the cheapest first, stop when none can win.
        best = None
        for k in np.argsort(cost, kind="stable"):
            if best is not None and cost[k] >= best.cost:
                break
            total = float(cost[k]) + (0.0 if leaders[k] is None else self._leader_cost(i, leaders[k], placed))
            if best is None or total < best.cost:
                best = _Label(boxes[k], leaders[k], total)
        self.labels[i] = best

    def _free(self, boxes):
        free = (boxes[:, :2] >= self.low).all(axis=1) & (boxes[:, 2:] <= self.high).all(axis=1)
        free &= ~_covers(boxes, self.anchors, self.radius + 0.5).any(axis=1)
        for taken in self._taken():
            free &= ~((boxes[:, :2] < taken[2:] + 1) & (boxes[:, 2:] > taken[:2] - 1)).all(axis=1)
        return free

    def _taken(self):
        return np.array([label.box for label in self.labels.values()]).reshape(-1, 4)

    def _leader(self, anchor, box):
        """Return the line from a point's rim to its label, None where they are close enough without."""
        end = np.clip(anchor, box[:2], box[2:])
        distance = np.hypot(*(end - anchor))
        if distance <= _LEADER_FROM + self.radius:
            return None
        return anchor + (end - anchor) * (self.radius + 0.5) / distance, end

    def _ambiguous(self, i: int, boxes, leaders):
        """Return which labels a reader could take for another point's: closer to it, and no line to tell."""
        ends = np.clip(self.anchors[None], boxes[:, None, :2], boxes[:, None, 2:])
        distances = np.hypot(*(ends - self.anchors).transpose(2, 0, 1))
        others = np.delete(distances, i, axis=1).min(axis=1, initial=np.inf)
        return np.array([leader is None for leader in leaders]) & (others < distances[:, i] + 4)

    def _leader_cost(self, i: int, leader, placed) -> float:
        path = _samples(*leader)
        cost = 3.0 + 40.0 * sum(_cross(*leader, *other) for other in placed)
        cost += 100.0 * _covers(self._taken(), path, 0.5).any(axis=1).sum()
        others = np.delete(self.anchors, i, axis=0)
        if len(others):
            nearest = np.hypot(*(path[:, None, :] - others[None, :, :]).transpose(2, 0, 1)).min(axis=0)
            cost += 60.0 * (nearest < self.radius + 1).sum()
        return cost


def _samples(start, end):
    steps = max(2, int(np.hypot(*(end - start)) / 2))
    return start + np.linspace(0, 1, steps)[:, None] * (end - start)


def _covers(boxes, points, grow: float):
    """Return which boxes (k, 4), grown on all sides, hold which points (n, 2): (k, n)."""
    return ((points[None] > boxes[:, None, :2] - grow) & (points[None] < boxes[:, None, 2:] + grow)).all(axis=2)


def _cross(a, b, c, d) -> bool:
    def side(p, q, r):
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) != side(a, b, d) and side(c, d, a) != side(c, d, b)


def spread(wanted, gap: float, low: float, high: float) -> np.ndarray:
    """Return positions as near as possible to those wanted, at least ``gap`` apart, within bounds while they fit.

    Parameters
    ----------
    wanted : array of shape (n,)

    Notes
    -----
    Least squares by pooling neighbours that push each other (isotonic regression after taking the gaps out).
    """
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(order))
    pools: list[list[float]] = []
    for value in np.asarray(wanted, dtype=float)[order] - offsets:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            value, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + value * count) / (pools[-1][1] + count), pools[-1][1] + count]
    settled = np.concatenate([np.full(count, value) for value, count in pools])
    settled = np.clip(settled, low, max(low, high - offsets[-1])) + offsets
    positions = np.empty(len(order))
    positions[order] = settled
    return positions
