"""llama.cpp's own server over a model file, on loopback: ``python llama_server.py MODEL PORT``.

Needs ``pip install xllamacpp``, which brings the server of llama.cpp as a library.
"""

import sys
import time


def serve(model: str, port: int) -> None:
    """Serve until killed."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = 131_072
    params.n_parallel = 2
    params.use_jinja = True
    params.warmup = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    _server = xllamacpp.Server(params)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
