"""The feed's address as a QR code: a phone's camera reads it from another screen."""

from __future__ import annotations

import io

import segno

QUIET_MODULES = 4  # the white margin that ISO/IEC 18004 asks for


def qr_svg(address: str) -> bytes:
    """SVG of black modules on white, whatever the page's colours: some readers know no other.

    Error correction M (15 %), or a higher level where that takes no more room.  Raises ValueError for an address
    longer than a QR code holds (2331 bytes).
    """
    code = segno.make(address, error="m", micro=False)
    out = io.BytesIO()
    code.save(
        out,
        kind="svg",
        border=QUIET_MODULES,
        dark="#000",
        light="#fff",
        xmldecl=False,
        omitsize=True,
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue()
