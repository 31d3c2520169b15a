"""`python -m coachtool.embedded`: Postgres, Valkey, the product's processes and the sandbox LMS, until Ctrl-C.

docs/operations.md lists the environment variables.
"""

from __future__ import annotations

import os
import sys

from coachtool.embedded import plan
from coachtool.embedded.checks import Refused
from coachtool.embedded.product import Product, handle_signals


def main() -> int:
    try:
        product = Product(plan.options(os.environ), os.environ, lambda line: print(line, flush=True))
        handle_signals(product)
        product.run()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
