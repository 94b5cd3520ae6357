"""A few homes without a server: signed digests sent by any chat, and who agrees.

Nothing of the measuring process comes here, and no verdict is changed by what comes in.
See docs/circle.md.
"""
