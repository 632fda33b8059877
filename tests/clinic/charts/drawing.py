"""Read a drawn SVG back."""

from collections.abc import Iterator
from xml.etree import ElementTree


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 what we drew ourselves


def ends(root: ElementTree.Element) -> Iterator[tuple[str, float, float]]:
    """Each text of the drawing with its left and right end, px, as wide as letters are on average."""
    for node in root.iter("{http://www.w3.org/2000/svg}text"):
        said = "".join(node.itertext())
        length = len(said) * float(node.attrib.get("font-size", 13)) * 0.56
        x = float(node.attrib["x"])
        left = {"end": x - length, "middle": x - length / 2}.get(node.attrib.get("text-anchor", ""), x)
        yield said, left, left + length
