"""The sections of the Library page; each file draws one, or a part that several share."""
