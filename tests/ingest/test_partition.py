import subprocess
import sys

import pytest

from tests.ingest.documents import docx

# unstructured reports its use at import and with each call, and fetches a model when it lacks it.
NO_NETWORK = """
import socket, sys
def refuse(*arguments, **options):
    print("the network was asked for", arguments, file=sys.stderr, flush=True)
    import os
    os._exit(3)
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from ingest import partition
data = sys.stdin.buffer.read()
parts = getattr(partition, sys.argv[1])(data.decode() if sys.argv[1].endswith("html") else data)
sys.stdout.buffer.write("|".join(part.text for part in parts).encode())
"""
TEXT = "A sentence in English. 一个中文句子。它有两句。"


@pytest.mark.parametrize(
    ("function", "data"),
    [
        ("partition_html", f"<p>{TEXT}</p>".encode()),
        ("partition_docx", docx(lambda document: document.add_paragraph(TEXT))),
    ],
    ids=["html", "docx"],
)
def test_nothing_is_asked_of_the_network(function: str, data: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, function], input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == TEXT
