"""Which characters the bytes of a text stand for: by their mark, by what they say of themselves, or by what they are.

Names are read as browsers read them (WHATWG Encoding Standard): latin-1 means Windows-1252, gb2312 all of GB 18030.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_USUAL = "cp1252"
_HEAD = 4096  # bytes of a page that are searched for the name
_DECLARED = re.compile(
    rb"<meta\b[^>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w.:-]{2,40})|^\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]{2,40})",
    re.I,
)
_ASCII_BYTES = "iso2022_jp"  # its bytes are those of ASCII, so that they look like UTF-8
_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-8",  # a page that can be read as far as this name is not in UTF-16
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
_KNOWN = frozenset(
    (
        *("utf-8", "cp932", "cp949", "cp874", "cp866", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "mac-roman"),
        *("koi8-r", "koi8-u", *(f"cp125{number}" for number in range(9))),
        *(f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    )
)


def codec_of(label: str) -> str:
    """Python's name of the encoding that `label` means on the web; "" for one that is not known or no encoding."""
    try:
        name = codecs.lookup(label.strip().lower().removeprefix("x-")).name
    except (LookupError, ValueError):
        return ""
    name = _READ_AS.get(name, name)
    return name if name in _KNOWN else ""


def decoded(data: bytes) -> str:
    """Text in the encoding that it begins with, in UTF-8, or in Windows-1252 where it is not UTF-8."""
    return _marked(data) or _decoded(data, _USUAL)


def decoded_page(data: bytes) -> str:
    """The same of a web page, which may name another encoding than Windows-1252 in its head."""
    marked = _marked(data)
    if marked:
        return marked
    found = _DECLARED.search(data[:_HEAD])
    codec = codec_of((found[1] or found[2]).decode("ascii")) if found else ""
    return data.decode(codec, "replace") if codec == _ASCII_BYTES else _decoded(data, codec or _USUAL)


def in_utf8(parts: Iterable[bytes], codec: str) -> Iterator[bytes]:
    """Bytes in `codec` as UTF-8 with its mark, by which they are known from then on."""
    yield codecs.BOM_UTF8
    for text in codecs.iterdecode(parts, codec, "replace"):
        yield text.encode("utf-8", "replace")


def _marked(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    return ""


def _decoded(data: bytes, otherwise: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(otherwise, "replace")
