"""threatloop's architectures (compute/nn/architecture.h) in PyTorch, by its tensors' names.

A model is a function of weights and a batch, so that weights may come from a file of
threatloop's, or be drawn where they are first asked for.
"""
import math

import torch
import torch.nn.functional as F


class Weights:
    """Tensors by name. Without a table they are drawn, with the shapes that are asked for."""

    def __init__(self, table=None):
        self.table = {} if table is None else table
        self.draws = table is None
        self.count = {}

    def restart(self):
        """Before each forward pass: layers are counted anew."""
        self.count = {}

    def number(self, word):
        self.count[word] = self.count.get(word, -1) + 1
        return f"{word}{self.count[word]}"

    def get(self, name, *shape, sd=0.0, fill=0.0):
        if name not in self.table:
            if not self.draws:
                raise KeyError(f"the file has no tensor {name}")
            start = torch.randn(*shape) * sd if sd else torch.full(shape, fill)
            self.table[name] = start.requires_grad_(True)
        found = self.table[name]
        if tuple(found.shape) != shape:
            raise ValueError(f"{name} is {tuple(found.shape)}, wanted {shape}")
        return found


def dense(w, x, features, sd=None, has_bias=True):
    name, inputs = w.number("dense"), x.shape[-1]
    weight = w.get(f"{name}.weight", features, inputs, sd=sd or math.sqrt(2 / inputs))
    return F.linear(x, weight, w.get(f"{name}.bias", features) if has_bias else None)


def conv(w, x, channels, window=3, stride=1, has_bias=False):
    name, inputs = w.number("conv"), x.shape[1]
    weight = w.get(f"{name}.weight", channels, inputs, window, window,
                   sd=math.sqrt(2 / (inputs * window * window)))
    bias = w.get(f"{name}.bias", channels) if has_bias else None
    return F.conv2d(x, weight, bias, stride, window // 2)


def groupnorm(w, x):
    name, channels = w.number("groupnorm"), x.shape[1]
    groups = next(g for g in range(min(8, channels), 0, -1) if channels % g == 0)
    return F.group_norm(x, groups, w.get(f"{name}.weight", channels, fill=1.0),
                        w.get(f"{name}.bias", channels), 1e-5)


def layernorm(w, x):
    name, width = w.number("layernorm"), x.shape[-1]
    return F.layer_norm(x, (width,), w.get(f"{name}.weight", width, fill=1.0),
                        w.get(f"{name}.bias", width), 1e-5)


def rmsnorm(w, x):
    gain = w.get(f"{w.number('rmsnorm')}.weight", x.shape[-1], fill=1.0)
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * gain


def mlp(w, spec, x):
    x = x.flatten(1)
    for _ in range(spec["layers"]):
        x = F.relu(dense(w, x, spec["width"]))
    return dense(w, x, spec["classes"])


def linear(w, spec, x):
    return dense(w, x.flatten(1), spec["classes"])


def cnn(w, spec, x):
    for layer in range(spec["layers"]):
        x = F.relu(F.max_pool2d(conv(w, x, spec["width"] << layer, has_bias=True), 2))
    return dense(w, x.flatten(1), spec["classes"])


def residual(w, x, channels, stride):
    around = x
    if stride != 1 or x.shape[1] != channels:
        around = groupnorm(w, conv(w, x, channels, 1, stride))
    y = F.relu(groupnorm(w, conv(w, x, channels, 3, stride)))
    return F.relu(groupnorm(w, conv(w, y, channels)) + around)


def resnet(w, spec, x):
    x = F.relu(groupnorm(w, conv(w, x, spec["width"])))
    for layer in range(spec["layers"]):
        x = residual(w, x, spec["width"] << layer, 2 if layer else 1)
        x = residual(w, x, spec["width"] << layer, 1)
    return dense(w, x.mean((2, 3)), spec["classes"])


def turn(x):
    """Rotary positions of [.., context, size], by pairs of neighbours, base 10000."""
    context, size = x.shape[-2:]
    slow = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.arange(context, dtype=torch.float64)[:, None] * slow
    cos, sin = torch.cos(angle).to(x.dtype), torch.sin(angle).to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


def attention(qkv, heads, kv_heads, width, is_rotary):
    rows, context, _ = qkv.shape
    size = width // heads
    cut = [t.reshape(rows, context, -1, size).transpose(1, 2)
           for t in qkv.split([width, kv_heads * size, kv_heads * size], -1)]
    query, key, value = cut
    if is_rotary:
        query, key = turn(query), turn(key)
    if kv_heads != heads:
        key, value = (t.repeat_interleave(heads // kv_heads, 1) for t in (key, value))
    later = torch.ones(context, context, dtype=torch.bool).triu(1)
    score = query @ key.transpose(-2, -1) / math.sqrt(size)
    weight = F.softmax(score.masked_fill(later, -math.inf), -1)
    return (weight @ value).transpose(1, 2).reshape(rows, context, width)


def transformer(w, spec, x):
    is_gpt, width, context = spec["kind"] == "gpt", spec["width"], x.shape[-1]
    heads = spec["heads"]
    kv_heads = heads if is_gpt else spec["kv_heads"] or heads
    norm = layernorm if is_gpt else rmsnorm
    hidden = 4 * width if is_gpt else (8 * width // 3 + 15) // 16 * 16
    last_sd = 0.02 / math.sqrt(2 * spec["layers"])
    table = w.get("embed0.weight", spec["vocabulary"], width, sd=0.02)
    y = F.embedding(x, table)
    if is_gpt:
        y = y + w.get("embed0.positions", context, width, sd=0.01)
    for _ in range(spec["layers"]):
        qkv = dense(w, norm(w, y), width + 2 * kv_heads * (width // heads), 0.02, is_gpt)
        y = y + dense(w, attention(qkv, heads, kv_heads, width, not is_gpt), width, last_sd,
                      is_gpt)
        z = dense(w, norm(w, y), hidden if is_gpt else 2 * hidden, 0.02, is_gpt)
        if is_gpt:
            z = F.gelu(z, approximate="tanh")
        else:
            z = F.silu(z[..., :hidden]) * z[..., hidden:]
        y = y + dense(w, z, width, last_sd, is_gpt)
    return F.linear(norm(w, y), table)


MODELS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "gpt": transformer,
          "llama": transformer, "linear": linear}
READS_TOKENS = ("gpt", "llama")
USUAL_LAYERS = {"mlp": 2, "cnn": 3, "resnet": 4, "gpt": 4, "llama": 4, "linear": 1}


def loss_of(w, spec, x, label):
    """Mean cross-entropy over rows, and over positions where there are any."""
    w.restart()
    logits = MODELS[spec["kind"]](w, spec, x)
    return F.cross_entropy(logits.flatten(0, -2), label.flatten())


def read_spec(kind, settings):
    """NAME=VALUE texts as `threatloop bench train --set` takes them, with its defaults.

    Shards are taken and have no effect."""
    spec = {"kind": kind, "width": 16, "layers": 0, "heads": 4, "kv_heads": 0, "batch": 64,
            "context": 256, "vocabulary": 256, "channels": 1, "side": 28, "classes": 10,
            "shards": 8, "lr": 1e-3, "optimizer": "adamw", "momentum": 0.9, "weight_decay": 0.0}
    for setting in settings:
        name, value = setting.split("=", 1)
        if name not in spec:
            raise ValueError(f"{name}: the peers have no such setting")
        spec[name] = type(spec[name])(value)
    spec["layers"] = spec["layers"] or USUAL_LAYERS[kind]
    return spec


def optimizer_of(spec, params):
    if spec["optimizer"] == "sgd":
        return torch.optim.SGD(params, spec["lr"], spec["momentum"],
                               weight_decay=spec["weight_decay"])
    return torch.optim.AdamW(params, spec["lr"], weight_decay=spec["weight_decay"])
