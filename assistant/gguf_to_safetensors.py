"""Turns a GGUF into a folder of safetensors, as vLLM opens it.

Run as a script by the Python of vLLM's environment (`python -P gguf_to_safetensors.py GGUF
FOLDER`): it needs torch, transformers, accelerate and gguf, and nothing of this project. The
weights stay the quantised ones, stored wide in bfloat16: the answers are the GGUF's, the size is
not.
"""

import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str]) -> int:
    """Convert the file `argv[0]` into the existing folder `argv[1]`."""
    source, folder = Path(argv[0]), Path(argv[1])
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    model = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.bfloat16
    )
    # transformers would save a note that the weights are quantised as GGUF; they no longer are.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
