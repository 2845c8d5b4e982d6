"""Which peak a model's arithmetic has, and devices by the names that drivers report."""

import pytest

from paretoscope.cards import read_yaml
from paretoscope.catalog import CATALOG
from paretoscope.devices import devices_by_reported_name, load_device


@pytest.mark.parametrize(
    ("device", "dtype", "quantization", "precision"),
    [
        ("h100-80gb", "bfloat16", None, "bfloat16"),
        ("h100-80gb", "float16", None, "bfloat16"),
        ("h100-80gb", "bfloat16", "fp8", "float8"),
        ("h100-80gb", "bfloat16", "mxfp4", "bfloat16"),
        ("b200-180gb", "bfloat16", "mxfp4", "float4"),
        ("a100-80gb", "bfloat16", "fp8", "bfloat16"),
        ("h100-80gb", "bfloat16", "gptq_marlin", "bfloat16"),
        ("h100-80gb", "float32", None, None),
        ("h100-80gb", None, None, None),
        ("h100-80gb", "bfloat16", "a new one", None),
    ],
)
def test_peak_of_what_a_model_is_computed_in(device, dtype, quantization, precision):
    device = load_device(device)
    expected = device.flops_per_second[precision] if precision else None
    assert device.peak_flops(dtype, quantization) == expected


def test_devices_are_found_by_the_name_that_a_driver_reports(tmp_path, write_yaml):
    card = read_yaml(CATALOG / "devices" / "h100-80gb.yaml")
    write_yaml("devices/mine.yaml", {**card, "id": "mine", "reported_names": ["One", "Another"]})
    found = devices_by_reported_name([CATALOG, tmp_path])
    assert found["NVIDIA H100 80GB HBM3"].id == "h100-80gb"
    assert found["One"] == found["Another"] and found["One"].id == "mine"
