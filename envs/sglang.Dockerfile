# SGLang's own image with what a generating job needs beside it. CUDA 13: the driver must be 580 or later. Pins as in
# sglang.yaml. Build and look inside:
#   docker build --tag paretoscope-sglang --file envs/sglang.Dockerfile envs
#   docker run --rm --gpus all paretoscope-sglang python3 -c "import sglang; print(sglang.__version__)"
FROM lmsysorg/sglang:v0.5.21

# The image's Python is the system's, which pip leaves alone unless told otherwise.
RUN python3 -m pip install --no-cache-dir --break-system-packages \
    aiohttp==3.14.5 \
    jsonschema==4.26.0 \
    nvidia-ml-py==13.615.71 \
    PyYAML==6.0.3 \
    zstandard==0.25.0
