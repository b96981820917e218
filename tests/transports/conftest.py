"""Every far end there is, each test's own. Those of `DEEP` are slow: the rest shows in minutes what all of them do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import far_folder
import far_s3
import far_sftp
import far_tus
import far_webdav
import pytest
from far_ends import FarEnd

FAR_ENDS: Mapping[str, Callable[[Path], AbstractContextManager[FarEnd]]] = (
    far_tus.FAR_ENDS | far_folder.FAR_ENDS | far_sftp.FAR_ENDS | far_webdav.FAR_ENDS | far_s3.FAR_ENDS
)
DEEP = far_folder.DEEP | far_sftp.FAR_ENDS.keys() | far_webdav.FAR_ENDS.keys() | far_s3.FAR_ENDS.keys()
"""Those that take seconds to begin: `scripts/test --all` runs the suite against them."""


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow if name in DEEP else ()) for name in FAR_ENDS])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FarEnd]:
    with FAR_ENDS[request.param](tmp_path) as far_end:
        yield far_end
