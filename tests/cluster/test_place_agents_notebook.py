"""The notebook runs from its first cell to its last."""

import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebooks" / "place_agents.ipynb"


@pytest.mark.filterwarnings("ignore")  # of the notebook machinery, none of ours
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (extra `cluster`) is not installed")
    nbformat: Any = pytest.importorskip("nbformat", reason="extra `notebook` is not installed")
    nbclient: Any = pytest.importorskip("nbclient", reason="extra `notebook` is not installed")
    pytest.importorskip("ipykernel", reason="extra `notebook` is not installed")
    kernels = tmp_path / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(
        f'{{"argv": ["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"],'
        ' "display_name": "Python 3", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[2]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    drawn = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(drawn) == 4
    assert "fewest GPUs" in "".join(out.get("text", "") for out in outputs)
