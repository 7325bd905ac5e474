"""A model of 32 numbers a word in format E5S1, as small as the format allows."""

import struct

TINY_PIECES = (
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁A", -1.0),
    ("▁", -2.0),
    ("～", -3.0),
    ("<mask>", 0.0),
)

_HIDDEN, _FEED_FORWARD, _MAX_TOKENS, _N_TYPES = 32, 64, 16, 2
_BLOCK = struct.pack("<e", 0.5) + bytes(high << 4 | 0x0F for high in range(16))


def tiny_e5_file() -> bytes:
    """Return the file's bytes; every 4-bit block has the scale 0.5 and the bytes 0x0F … 0xFF."""
    blob = b"".join(piece.encode() for piece, _ in TINY_PIECES)
    ends = [0]
    for piece, _ in TINY_PIECES:
        ends.append(ends[-1] + len(piece.encode()))
    head = struct.pack(
        "<4sI7ifi5iQ",
        *(b"E5S1", 1, _HIDDEN, 1, 2, _FEED_FORWARD, len(TINY_PIECES), _MAX_TOKENS, _N_TYPES),
        *(1e-12, 32, len(TINY_PIECES), 0, 2, 1, 3, len(blob)),
    )
    head += struct.pack(f"<{len(ends)}I", *ends)
    head += struct.pack(f"<{len(TINY_PIECES)}f", *(score for _, score in TINY_PIECES)) + blob
    replacement = struct.pack("<IBI", 0xFF21, 1, ord("A"))
    head += struct.pack("<iI", 1, len(replacement)) + replacement

    square, wide = _HIDDEN * _HIDDEN, _HIDDEN * _FEED_FORWARD
    q4 = {"emb.word": len(TINY_PIECES) * _HIDDEN}
    q4 |= {f"l0.{part}.w": square for part in ("q", "k", "v", "ao")}
    q4 |= {"l0.fi.w": wide, "l0.fo.w": wide}
    flat = {"emb.pos": _MAX_TOKENS * _HIDDEN, "emb.type": _N_TYPES * _HIDDEN}
    flat |= dict.fromkeys(("emb.ln.w", "emb.ln.b"), _HIDDEN)
    flat |= {f"l0.{part}.b": _HIDDEN for part in ("q", "k", "v", "ao", "fo")}
    flat |= {f"l0.{norm}.{end}": _HIDDEN for norm in ("aln", "oln") for end in "wb"}
    flat["l0.fi.b"] = _FEED_FORWARD

    tensors = [(name, 1, count, _BLOCK * (count // 32)) for name, count in q4.items()]
    tensors += [(name, 0, count, struct.pack("<f", 1) * count) for name, count in flat.items()]
    position = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in tensors)
    directory = struct.pack("<i", len(tensors))
    for name, kind, count, data in tensors:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, position, len(data))
        position += len(data)
    return head + directory + b"".join(data for *_, data in tensors)
