"""What a test does that cannot run here."""
import os

import pytest


def cannot(reason):
    """Told as skipped, with the reason; a failure where nothing may be skipped (MILLRACE_REQUIRE_KAFKA=1, as in CI)."""
    if os.environ.get("MILLRACE_REQUIRE_KAFKA") == "1":
        pytest.fail(f"required, but {reason}", pytrace=False)
    pytest.skip(reason)
