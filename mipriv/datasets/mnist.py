"""MNIST: handwritten digits in IDX files."""

from __future__ import annotations

from math import prod
from os import PathLike
from typing import TYPE_CHECKING

from mipriv.datasets.files import read_bytes
from mipriv.datasets.table import Images, Source
from mipriv.errors import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCE = Source(
    name="MNIST test set (t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte)",
    origin="github.com/kelas/mnist at 283b387221ab46655e600cfcc25d843bb14292b9",
    licence="Y. LeCun and C. Cortes, CC BY-SA 3.0",
)
# of the gzip files
IMAGES_CHECKSUM = "167310007f03058885c7e95e6c0b19c20de5c7fd3031f4cbdadc9014a523d80b"
LABELS_CHECKSUM = "fc607395669ec21321ea83e4b82c0544b7e8e63ff5b34337c06bc0a17cc0da3c"
_UNSIGNED = 8  # the code of unsigned bytes in an IDX file


def load_mnist(
    images: str | PathLike[str],
    labels: str | PathLike[str],
    *,
    images_checksum: str | None = IMAGES_CHECKSUM,
    labels_checksum: str | None = LABELS_CHECKSUM,
) -> Images:
    """Digits of 28 x 28 pixels, 0 black to 255 white, and which digit each is.

    Args:
        images: path of the file of images, packed by gzip or not.
        labels: path of the file of labels.
        images_checksum: SHA-256 of the file as it is; None: any file of this format.
        labels_checksum: the same of the labels.

    Raises:
        ParameterError: no such file, another version, or no IDX files that belong together.
    """
    import numpy as np

    pictures = _idx(images, images_checksum, axes=3)
    digits = _idx(labels, labels_checksum, axes=1)
    together = len(pictures) == len(digits)
    require(together, must=f"hold {len(pictures)} labels, one an image", labels=len(digits))
    valid = bool((digits <= 9).all())
    require(valid, must="hold digits 0 to 9", labels=int(digits.max(initial=0)))
    return Images(images=pictures, labels=digits.astype(np.int64), source=SOURCE)


def _idx(path: str | PathLike[str], checksum: str | None, *, axes: int) -> NDArray[np.uint8]:
    """The array of an IDX file: two zeros, type, number of axes, lengths of four bytes, values."""
    import numpy as np

    content = read_bytes(path, source=SOURCE, checksum=checksum)
    start = 4 + 4 * axes
    begins = len(content) >= start and content[:4] == bytes([0, 0, _UNSIGNED, axes])
    require(begins, must=f"be an IDX file of unsigned bytes with {axes} axes", path=path)
    sizes = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    size = len(content) - start
    require(size == prod(sizes), must=f"hold {prod(sizes)} values", path=path, values=size)
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(sizes).copy()
