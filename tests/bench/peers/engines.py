# SPDX-License-Identifier: Apache-2.0
"""The engines: each makes a network of networks.py its own and runs it, on one thread.

FUSED_ATTENTION: whether the network has torch's attention or attention written out; whichever this engine
ran faster.
"""

import pathlib
from importlib.metadata import version

import numpy
import torch


class PyTorch:
    """Eager PyTorch in inference mode."""

    FUSED_ATTENTION = True

    def __init__(self, network, rows, folder):
        torch.set_num_threads(1)
        self.version = f"PyTorch {torch.__version__}"
        self.network, self.rows = network, rows

    def run(self):
        with torch.inference_mode():
            values, items = self.network(self.rows)
        return items.numpy()


class OnnxRuntime:
    """The CPU's own provider."""

    FUSED_ATTENTION = True

    def __init__(self, network, rows, folder):
        import onnxruntime
        self.version = f"ONNX Runtime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            self.export(network, rows, pathlib.Path(folder)), options,
            providers=["CPUExecutionProvider"])
        self.feed = {"rows": rows.numpy()}

    def export(self, network, rows, folder):
        path = folder / "model.onnx"
        torch.onnx.export(network, (rows,), str(path), input_names=["rows"],
                          output_names=["values", "items"], opset_version=18, dynamo=True)
        return str(path)

    def run(self):
        return self.session.run(["items"], self.feed)[0]


class OnnxRuntimeInt8(OnnxRuntime):
    """Weights of all products in int8, activations quantized on the fly."""

    def export(self, network, rows, folder):
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process
        plain = super().export(network, rows, folder)
        prepared, path = str(folder / "prepared.onnx"), str(folder / "int8.onnx")
        quant_pre_process(plain, prepared)
        quantize_dynamic(prepared, path, weight_type=QuantType.QInt8, per_channel=True)
        return path



class LiteRt:
    """XNNPACK, which the interpreter applies by itself."""

    FUSED_ATTENTION = True

    def __init__(self, network, rows, folder):
        import litert_torch
        from ai_edge_litert.interpreter import Interpreter
        self.version = f"LiteRT {version('ai-edge-litert')}"
        path = str(pathlib.Path(folder) / "model.tflite")
        litert_torch.convert(network, (rows,)).export(path)
        self.interpreter = Interpreter(model_path=path, num_threads=1)
        self.interpreter.allocate_tensors()
        source, = self.interpreter.get_input_details()
        self.input = source["index"]
        self.output, = (o["index"] for o in self.interpreter.get_output_details()
                        if issubclass(o["dtype"], numpy.integer))
        self.rows = rows.numpy().astype(source["dtype"])  # conversion narrows integers

    def run(self):
        self.interpreter.set_tensor(self.input, self.rows)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)


class ExecuTorch:
    """XNNPACK for what its partitioner takes, ExecuTorch's own kernels for the rest."""

    FUSED_ATTENTION = False

    def __init__(self, network, rows, folder):
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime
        portable_lib._unsafe_reset_threadpool(1)  # it has no public name
        assert portable_lib._threadpool_get_thread_count() == 1
        self.version = f"ExecuTorch {version('executorch')}"
        lowered = to_edge_transform_and_lower(torch.export.export(network, (rows,)),
                                              partitioner=[XnnpackPartitioner()])
        self.program = Runtime.get().load_program(lowered.to_executorch().buffer)
        self.method = self.program.load_method("forward")
        self.rows = rows

    def run(self):
        return self.method.execute([self.rows])[1].numpy()
