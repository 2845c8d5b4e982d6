"""What lets SGLang's CPU path start without its compiled kernels. Every Python of .venv-sglang runs this first.

SGLang imports its kernel package everywhere, also where only PyTorch's own operators are used (attention backend
torch_native, sampling backend pytorch): an empty package of that name is enough. torchvision describes its compiled
operators when it is imported, and a build for another torch doesn't have them: that one step is left out.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class Kernels(ModuleType):
    """The kernel package: any name can be imported, and calling it says what is missing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_, **__):
            raise RuntimeError(f"the kernel '{name}' isn't there: this SGLang runs on PyTorch's operators alone")

        return missing


kernels = Kernels("sgl_kernel")
kernels.__spec__ = ModuleSpec("sgl_kernel", loader=None, is_package=True)
kernels.__path__ = []
sys.modules["sgl_kernel"] = kernels
sys.modules["torchvision._meta_registrations"] = ModuleType("torchvision._meta_registrations")
