"""PyTorch's side of own_model.sh, in a folder DIR:

    own_model_torch.py draw DIR KIND [NAME=VALUE]...      a random model, its input and logits
    own_model_torch.py compare DIR KIND [NAME=VALUE]...   its logits with threatloop's
    own_model_torch.py train DIR                          a cnn and an mlp, their data and plans
    own_model_torch.py accuracy KIND                      of KIND.csv with that of training
    own_model_torch.py same A.csv B.csv                   metrics that both have

Models are exported by the block of Python in README, named by the environment.
"""
import csv
import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import peer_models

LOGITS_LIMIT, METRIC_LIMIT = 1e-4, 1e-6


def export(model, folder):
    with open(os.environ["README"], encoding="utf-8") as file:
        blocks = file.read().split("```python\n")
    code = next(b for b in blocks if b.startswith("import json, struct")).split("```")[0]
    assert len(code.splitlines()) <= 10
    here = os.getcwd()
    os.chdir(folder)
    exec(code, {"model": model})
    os.chdir(here)


# --- modules as people write them ----------------------------------------------------------

class Mlp(nn.Module):
    """Layers of which two have the same shape, one called otherwise."""

    def __init__(self, spec, inputs):
        super().__init__()
        sizes = [inputs] + [spec["width"]] * spec["layers"]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], spec["classes"])

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)


def cnn(spec):
    layers, channels, side = [], spec["channels"], spec["side"]
    for d in range(spec["layers"]):
        layers += [nn.Conv2d(channels, spec["width"] << d, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels, side = spec["width"] << d, side // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, spec["classes"]))


def group_norm(channels):
    return nn.GroupNorm(next(g for g in range(min(8, channels), 0, -1) if channels % g == 0), channels)


class BasicBlock(nn.Module):
    """As torchvision's."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = group_norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = group_norm(channels)
        self.downsample = None
        if stride != 1 or inputs != channels:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False),
                                            group_norm(channels))

    def forward(self, x):
        around = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + around)


class ResNet(nn.Module):
    def __init__(self, spec):
        super().__init__()
        width = spec["width"]
        self.conv1 = nn.Conv2d(spec["channels"], width, 3, 1, 1, bias=False)
        self.bn1 = group_norm(width)
        self.stages = spec["layers"]
        inputs = width
        for d in range(self.stages):
            blocks = [BasicBlock(inputs, width << d, 2 if d else 1), BasicBlock(width << d, width << d, 1)]
            setattr(self, f"layer{d + 1}", nn.Sequential(*blocks))
            inputs = width << d
        self.fc = nn.Linear(inputs, spec["classes"])

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for d in range(self.stages):
            x = getattr(self, f"layer{d + 1}")(x)
        return self.fc(x.mean((2, 3)))


class Conv1D(nn.Module):
    """Hugging Face's: a Linear whose weight is [inputs x outputs]."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.02)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


def attend(q, k, v):
    context, size = q.shape[-2:]
    later = torch.ones(context, context, dtype=torch.bool).triu(1)
    score = (q @ k.transpose(-2, -1) / math.sqrt(size)).masked_fill(later, -math.inf)
    return score.softmax(-1) @ v


class GptAttention(nn.Module):
    def __init__(self, spec, dense):
        super().__init__()
        self.heads = spec["heads"]
        self.c_attn = dense(spec["width"], 3 * spec["width"])
        self.c_proj = dense(spec["width"], spec["width"])
        self.register_buffer("bias", torch.tril(torch.ones(spec["context"], spec["context"])))

    def forward(self, x):
        rows, context, width = x.shape
        q, k, v = (t.reshape(rows, context, self.heads, -1).transpose(1, 2)
                   for t in self.c_attn(x).split(width, -1))
        return self.c_proj(attend(q, k, v).transpose(1, 2).reshape(rows, context, width))


class GptBlock(nn.Module):
    def __init__(self, spec, dense):
        super().__init__()
        width = spec["width"]
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = GptAttention(spec, dense)
        self.mlp = nn.ModuleDict({"c_fc": dense(width, 4 * width), "c_proj": dense(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, spec, dense):
        super().__init__()
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(spec["vocabulary"], spec["width"]),
            "wpe": nn.Embedding(spec["context"], spec["width"]),
            "h": nn.ModuleList(GptBlock(spec, dense) for _ in range(spec["layers"])),
            "ln_f": nn.LayerNorm(spec["width"])})
        self.lm_head = nn.Linear(spec["width"], spec["vocabulary"], bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, x):
        t = self.transformer
        y = t["wte"](x) + t["wpe"].weight[:x.shape[1]]
        for block in t["h"]:
            y = block(y)
        return self.lm_head(t["ln_f"](y))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x):
    """Hugging Face's rotary positions: a number and the one half a head later are a pair."""
    context, size = x.shape[-2:]
    slow = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
    angle = torch.outer(torch.arange(context, dtype=torch.float32), slow)
    angle = torch.cat((angle, angle), -1)
    turned = torch.cat((-x[..., size // 2:], x[..., :size // 2]), -1)
    return x * angle.cos() + turned * angle.sin()


class LlamaAttention(nn.Module):
    def __init__(self, spec):
        super().__init__()
        width, self.heads, self.kv_heads = spec["width"], spec["heads"], spec["kv_heads"]
        size = width // self.heads
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, self.kv_heads * size, bias=False)
        self.v_proj = nn.Linear(width, self.kv_heads * size, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x):
        rows, context, width = x.shape
        q, k, v = (p(x).reshape(rows, context, -1, width // self.heads).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q), rotate(k)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        return self.o_proj(attend(q, k, v).transpose(1, 2).reshape(rows, context, width))


class LlamaMlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        hidden = (8 * width // 3 + 15) // 16 * 16
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaLayer(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.self_attn = LlamaAttention(spec)
        self.mlp = LlamaMlp(spec["width"])
        self.input_layernorm = RmsNorm(spec["width"])
        self.post_attention_layernorm = RmsNorm(spec["width"])

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.model = nn.ModuleDict({
            "embed_tokens": nn.Embedding(spec["vocabulary"], spec["width"]),
            "layers": nn.ModuleList(LlamaLayer(spec) for _ in range(spec["layers"])),
            "norm": RmsNorm(spec["width"])})
        self.lm_head = nn.Linear(spec["width"], spec["vocabulary"], bias=False)
        self.lm_head.weight = self.model["embed_tokens"].weight

    def forward(self, x):
        y = self.model["embed_tokens"](x)
        for layer in self.model["layers"]:
            y = layer(y)
        return self.lm_head(self.model["norm"](y))


def make(kind, spec):
    inputs = spec["channels"] * spec["side"] ** 2
    return {"linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(inputs, spec["classes"])),
            "mlp": lambda: Mlp(spec, inputs), "cnn": lambda: cnn(spec),
            "resnet": lambda: ResNet(spec), "gpt": lambda: Gpt(spec, nn.Linear),
            "gpt-turned": lambda: Gpt(spec, Conv1D), "llama": lambda: Llama(spec)}[kind]()


# --- logits --------------------------------------------------------------------------------

def draw(folder, kind, settings):
    spec = peer_models.read_spec(kind.split("-")[0], settings)
    torch.manual_seed(1)
    model = make(kind, spec)
    with torch.no_grad():
        for tensor in model.parameters():  # none is 0 or 1: a term left out must show
            tensor += 0.1 * torch.randn_like(tensor)
    if spec["kind"] in peer_models.READS_TOKENS:
        x = torch.randint(spec["vocabulary"], (spec["batch"], spec["context"]))
    else:
        x = torch.rand(spec["batch"], spec["channels"], spec["side"], spec["side"])
    export(model, folder)
    x.float().numpy().tofile(f"{folder}/input.f32")
    with torch.no_grad():
        model.double()(x if x.dtype == torch.int64 else x.double()).float().numpy().tofile(
            f"{folder}/wanted.f32")


def compare(folder, kind):
    ours = np.fromfile(f"{folder}/logits.f32", np.float32)
    wanted = np.fromfile(f"{folder}/wanted.f32", np.float32)
    off = float(np.abs(ours - wanted).max()) if ours.shape == wanted.shape else math.inf
    print(f"model={kind} logits={wanted.size} largest={np.abs(wanted).max():.3f} off={off:.1e}")
    return off <= LOGITS_LIMIT


# --- trained models ------------------------------------------------------------------------

PLAN = """name: {name}
data: {{source: data.npz, split: official}}
model: {{kind: {kind}, width: {width}, layers: 2{file}}}
{target}recipe: {{epochs: 3, batch: 32}}
chain: {chain}
"""
SHADOWS = "{models: 4}"
ASSESSED = (f"[m2d.shadow_lira: {SHADOWS}, m2d.calibration: {SHADOWS}, m2d.rmia: {SHADOWS}, "
            "m2m.model_extraction: {queries: 60}, assess]")


def images(rng, rows):
    patterns = np.random.default_rng(7).random((3, 12, 12))
    label = rng.integers(0, 3, rows)
    x = np.clip(0.3 * patterns[label] + 0.7 * rng.random((rows, 12, 12)), 0, 1)
    return (x * 255).astype(np.uint8), label.astype(np.uint8)[:, None]


def tensors_of(data, split):
    x = torch.tensor(data[f"{split}_images"]).float().div(255)[:, None]
    return x, torch.tensor(data[f"{split}_labels"][:, 0]).long()


def train(folder):
    rng, data, found = np.random.default_rng(3), {}, {}
    for split, rows in (("train", 320), ("val", 130), ("test", 300)):
        data[f"{split}_images"], data[f"{split}_labels"] = images(rng, rows)
    np.savez(f"{folder}/data.npz", **data)
    torch.manual_seed(2)
    spec = {"channels": 1, "side": 12, "classes": 3, "layers": 2}
    for kind, width in (("cnn", 8), ("mlp", 32)):
        model = make(kind, {**spec, "width": width})
        x, label = tensors_of(data, "train")
        optimizer = torch.optim.Adam(model.parameters(), 2e-3)
        for _ in range(60):
            for i in range(0, len(x), 64):
                optimizer.zero_grad()
                F.cross_entropy(model(x[i:i + 64]), label[i:i + 64]).backward()
                optimizer.step()
        export(model, folder)
        os.replace(f"{folder}/net.safetensors", f"{folder}/{kind}.safetensors")
        x, label = tensors_of(data, "test")
        with torch.no_grad():
            found[kind] = {"accuracy": (model(x).argmax(1) == label).double().mean().item(),
                           "loss": F.cross_entropy(model(x), label).item()}
        plan = {"name": kind, "kind": kind, "width": width, "target": "",
                "file": f", file: {kind}.safetensors", "chain": "[measure.utility]"}
        write_plan(folder, kind, plan)
        if kind == "cnn":
            write_scores(folder, model, data)
            write_plan(folder, "model", {**plan, "chain": ASSESSED})
            write_plan(folder, "answers", {**plan, "file": "", "chain": ASSESSED,
                                           "target": "target: {answers: scores.npz}\n"})
    with open(f"{folder}/found.json", "w", encoding="utf-8") as file:
        json.dump(found, file)


def write_plan(folder, name, values):
    with open(f"{folder}/{name}.yaml", "w", encoding="utf-8") as file:
        file.write(PLAN.format(**values))


def write_scores(folder, model, data):
    with torch.no_grad():
        np.savez(f"{folder}/scores.npz",
                 **{f"{split}_scores": model(tensors_of(data, split)[0]).softmax(1).numpy()
                    for split in ("train", "val", "test")})


def read_row(path):
    with open(path, newline="", encoding="utf-8") as file:
        return next(csv.DictReader(file))


def accuracy(kind):
    with open("found.json", encoding="utf-8") as file:
        wanted = json.load(file)[kind]
    row, is_good = read_row(f"{kind}.csv"), True
    for metric in ("accuracy", "loss"):
        ours = float(row[f"measure_own_target_{metric}"])
        off = abs(ours - wanted[metric])
        print(f"model={kind} {metric}={ours:.9f} torch={wanted[metric]:.9f} off={off:.1e}")
        is_good = is_good and off <= METRIC_LIMIT
    return is_good


def same(a, b):
    """Every metric of a score attack that `b` has, `a` has too, and they are equal."""
    one, other = read_row(a), read_row(b)
    names = [n for n in other if n.startswith(("m2d_", "m2m_", "measure_"))
             and not n.endswith("_reason") and other[n] != ""]
    worst = 0.0
    for name in names:
        off = abs(float(one[name]) - float(other[name]))
        worst = max(worst, off)
        if off > METRIC_LIMIT:
            print(f"{name}: {one[name]} by the model, {other[name]} by its answers")
    print(f"metrics={len(names)} worst={worst:.1e}")
    return len(names) >= 20 and worst <= METRIC_LIMIT


def main():
    verb, where = sys.argv[1:3]
    torch.set_num_threads(1)
    if verb == "draw":
        draw(where, sys.argv[3], sys.argv[4:])
    elif verb == "train":
        train(where)
    else:
        is_good = {"compare": lambda: compare(where, sys.argv[3]),
                   "accuracy": lambda: accuracy(where),
                   "same": lambda: same(where, sys.argv[3])}[verb]()
        sys.exit(not is_good)


if __name__ == "__main__":
    main()
