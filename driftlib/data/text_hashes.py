"""Hash texts as pandas does, without loading it for the few levels of a small file.

Baselines keep hashes of rows and of levels, so they have to be the same on every machine and
whatever is loaded.
"""

from __future__ import annotations

import sys

import numpy as np

from driftlib.lazily import pd

# Of more texts, or characters with all as long as the longest, pandas' own code is quicker
# although it has to be loaded.
FEW, FEW_CHARACTERS = 2_000, 200_000
# Levels of a batch are those of the batch before: hashes of so few at once are kept, of so many
# texts that are this short. Others would come but once, and fill the memory.
FEW_KEPT, MOST_KEPT, SHORT = 100, 10_000, 64
_KEPT: dict[str, int] = {}
# SipHash-2-4 by Aumasson and Bernstein (2012), with the key that pandas takes.
_KEY = np.frombuffer(b"0123456789123456", dtype="<u8")
_START = np.frombuffer(b"uespemosmodnarodarenegylsetybdet", dtype="<u8")
_LAST = np.uint64(0xFF)
# Of `mixed`: arrays, which numpy takes quicker than its own scalars.
_ROUNDS = tuple(
    (np.array(shift, dtype=np.uint64), np.array(factor, dtype=np.uint64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
)
_LAST_SHIFT = np.array(31, dtype=np.uint64)


def hash_texts(texts: np.ndarray) -> np.ndarray:
    """Hash texts, each to 64 bits: `pandas.util.hash_array` of them.

    Parameters
    ----------
    texts : object array of str
        That UTF-8 can hold.

    Returns
    -------
    uint64 array, shape of `texts`

    Examples
    --------
    >>> hash_texts(np.array(["a", "b"], dtype=object)) % 50
    array([ 4, 25], dtype=uint64)
    """
    if len(texts) > FEW_KEPT:
        return _hashed(texts)
    names = texts.tolist()
    found = [_KEPT.get(name) for name in names]
    if None not in found:
        return np.array(found, dtype=np.uint64)
    hashes = _hashed(texts)
    if len(_KEPT) + len(names) > MOST_KEPT:
        _KEPT.clear()
    kept = zip(names, hashes.tolist(), strict=True)
    _KEPT.update((name, number) for name, number in kept if len(name) <= SHORT)
    return hashes


def _hashed(texts: np.ndarray) -> np.ndarray:
    many = len(texts) > FEW or len(texts) * max(map(len, texts)) > FEW_CHARACTERS
    if many or "pandas" in sys.modules:
        hashes: np.ndarray = pd.util.hash_array(texts, categorize=False)
        return hashes
    return mixed(siphash(texts))


def siphash(texts: np.ndarray) -> np.ndarray:
    """Compute SipHash-2-4 of texts, all of them at once.

    Parameters
    ----------
    texts : object array of str

    Returns
    -------
    uint64 array, shape of `texts`
    """
    encoded = [text.encode() for text in texts]
    words = np.array([len(one) // 8 + 1 for one in encoded])
    # The last word of each ends in the text's length.
    filled = [
        one.ljust(8 * n - 1, b"\0") + bytes([len(one) % 256])
        for one, n in zip(encoded, words.tolist(), strict=True)
    ]
    longest = int(words.max())
    cells = np.frombuffer(b"".join(one.ljust(8 * longest, b"\0") for one in filled), dtype="<u8")
    table = cells.reshape(len(encoded), longest)
    v = [np.full(len(encoded), word) for word in _START ^ np.tile(_KEY, 2)]
    for place in range(longest):
        before, word = v, table[:, place]
        v = _rounds([*v[:3], v[3] ^ word], 2)
        v[0] ^= word
        v = [np.where(place < words, new, old) for new, old in zip(v, before, strict=True)]
    v[2] ^= _LAST
    v = _rounds(v, 4)
    found: np.ndarray = v[0] ^ v[1] ^ v[2] ^ v[3]
    return found


def _rounds(v: list[np.ndarray], number: int) -> list[np.ndarray]:
    a, b, c, d = v
    for _ in range(number):
        a, c = a + b, c + d
        b, d = _turned(b, 13) ^ a, _turned(d, 16) ^ c
        a, c = _turned(a, 32) + d, c + b
        b, d = _turned(b, 17) ^ c, _turned(d, 21) ^ a
        c = _turned(c, 32)
    return [a, b, c, d]


def _turned(words: np.ndarray, bits: int) -> np.ndarray:
    turned: np.ndarray = (words << np.uint64(bits)) | (words >> np.uint64(64 - bits))
    return turned


def mixed(z: np.ndarray) -> np.ndarray:
    """Spread bits evenly (the finalizer of Steele, Lea and Flood 2014).

    Parameters
    ----------
    z : uint64 array

    Returns
    -------
    uint64 array, shape of `z`
    """
    found = z.copy(order="K")
    mix(found, np.empty_like(found))
    return found


def mix(z: np.ndarray, room: np.ndarray) -> None:
    """Spread bits evenly, in place.

    Parameters
    ----------
    z, room : uint64 array
        As of `mixed`, and one of the same shape that is written over.
    """
    # Functions and not operators: of few values most of the time goes by on the way to the work.
    for shift, factor in _ROUNDS:
        np.right_shift(z, shift, room)
        np.bitwise_xor(z, room, z)
        np.multiply(z, factor, z)
    np.right_shift(z, _LAST_SHIFT, room)
    np.bitwise_xor(z, room, z)
