"""Lets ``python -m larkbase_sdk.cli`` stand for the command ``larkbase``."""

import sys

from larkbase_sdk.cli import main

sys.exit(main())
