"""Checks a page of threatloop report: usage: report_page.py WHAT PAGE.html [FILE].

safe            no script, no handler, no address but its own; every image has a text
payloads        the same, and every payload of report_cases.py is in it, as text
numbers EFFECTS every number and verdict is the one of `threatloop effects --json`
calm            no word of effect but in what it quotes
contrast        text and ground differ by 4.5 or more (WCAG 2.1) in light, dark and print
"""
import html.parser
import json
import math
import re
import sys

TAGS = set("""html head meta title style body header h1 h2 h3 p nav a main section article span q dl dt
dd strong data div table thead tbody tr th td sup details summary figure figcaption img ul li code pre
svg desc g path rect circle use text defs polygon line""".split())
ATTRIBUTES = set("""lang charset name content http-equiv class id href title data-effect value scope
colspan tabindex role aria-label aria-labelledby download alt src xmlns viewbox fill color stroke
stroke-width stroke-linecap stroke-linejoin stroke-dasharray d x y width height cx cy r transform
font-family font-size text-anchor fill-opacity points""".split())
VOID = {"meta", "img"}


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    def text(self, without=()):
        return "".join(c if isinstance(c, str) else "" if c.matches(without) else c.text(without)
                       for c in self.children)

    def matches(self, names):
        return self.tag in names or bool(set((self.attributes.get("class") or "").split()) & set(names))

    def walk(self):
        yield self
        for c in self.children:
            if not isinstance(c, str):
                yield from c.walk()


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", [], None)
        self.comments = []
        self.feed(open(path, encoding="utf-8").read())
        self.close()

    def handle_starttag(self, tag, attributes):
        node = Node(tag, attributes, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID, "<%s/> is not closed in HTML" % tag
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.at.tag == tag, "</%s> ends <%s>" % (tag, self.at.tag)
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def check_safe(page):
    assert not page.comments, page.comments
    ids = set()
    for node in page.root.walk():
        if not node.tag:
            continue
        assert node.tag in TAGS, "<%s>" % node.tag
        for name, value in node.attributes.items():
            assert name in ATTRIBUTES, "<%s %s>" % (node.tag, name)
            if name == "href":
                assert value.startswith("#") or value.startswith("data:text/csv;base64,"), value[:60]
            if name == "src":
                assert value.startswith("data:image/bmp;base64,"), value[:60]
            if name == "id":
                assert value not in ids, "two elements are called " + value
                ids.add(value)
        if node.tag == "img":
            assert node.attributes.get("alt")
        if node.tag == "svg":
            named = node.attributes["aria-labelledby"].split()
            titles = [c for c in node.walk() if c.attributes.get("id") in named]
            assert len(titles) == 2 and all(t.text().strip() for t in titles), "a figure without text"
    for node in page.root.walk():
        link = node.attributes.get("href", "")
        assert not link.startswith("#") or link[1:] in ids, "no element is called " + link
    style = "".join(n.text() for n in page.root.walk() if n.tag == "style")
    assert "url(" not in style and "@import" not in style


def cleaned(text):
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)


def check_payloads(page):
    from report_cases import PAYLOADS
    check_safe(page)
    text = page.root.text(("style",))
    texts = {n.text() for n in page.root.walk()}
    for payload in PAYLOADS:
        assert cleaned(payload) in text, "not shown: %r" % payload
    for payload in PAYLOADS[:-1]: # a claim stands alone in its <q>
        assert cleaned(payload) in texts, "no claim: %r" % payload


def same(a, b):
    return a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-15))


def numbers_of(e):
    """All numbers that may be said of an effect."""
    own = [e.get(k) for k in ("reference_mean", "effect", "low", "high", "p", "least_p", "q", "n", "margin",
                              "equivalence_p", "logit_effect", "logit_low", "logit_high",
                              "control_reference_mean", "control_effect", "control_low", "control_high")]
    own = [x for x in own if x is not None]
    if e.get("effect") is not None:
        own += [abs(e["effect"]), e["reference_mean"] + e["effect"]]
    if e.get("low") is not None:
        own += [max(-e["low"], e["high"])]
    return own


def check_numbers(page, path):
    effects = json.load(open(path))
    everything = [x for e in effects for x in numbers_of(e)]
    seen, verdicts = 0, 0
    for node in page.root.walk():
        if node.tag == "data":
            value = float(node.attributes["value"])
            shown = node.text()
            assert shown in ("%.4g" % value, "%+.4g" % value), (shown, value)
        if "data-effect" not in node.attributes:
            continue
        e = effects[int(node.attributes["data-effect"])]
        inside = list(node.walk())
        other = {id(n) for sub in inside if sub is not node and
                 ("data-effect" in sub.attributes or sub.tag == "figure") for n in sub.walk()}
        for n in inside:
            if id(n) in other:
                continue
            if n.tag == "data":
                value = float(n.attributes["value"])
                assert any(same(value, x) for x in numbers_of(e)), (value, e)
                seen += 1
            if n.matches(("badge",)):
                assert n.text().split(" ", 1)[1] == e["verdict"], (n.text(), e["verdict"])
                verdicts += 1
    cards = [n for n in page.root.walk() if n.tag == "article"]
    asked = [e for e in effects if e["hypothesis"]]
    assert len(cards) == len(asked), "%d cards for %d hypotheses" % (len(cards), len(asked))
    for card, e in zip(cards, asked):
        assert effects[int(card.attributes["data-effect"])] is e
        assert card.attributes["id"] == "h" + e["part"]
    for figure in page.root.walk():
        heads = [n.text() for n in figure.walk() if n.tag == "th"] if figure.tag == "figure" else []
        for row in figure.walk() if heads[1:] and heads[0] == "comparison" else []:
            cells = [n for n in row.children if not isinstance(n, str) and n.tag == "td"] if row.tag == "tr" else []
            for cell in cells[2:]:
                value = float([n for n in cell.walk() if n.tag == "data"][0].attributes["value"])
                assert any(same(value, x) for x in everything), value
                seen += 1
    lead = [n.text() for n in page.root.walk() if n.matches(("lead",))]
    for verdict in {e["verdict"] for e in asked}:
        count = sum(e["verdict"] == verdict for e in asked)
        assert re.search(r"\b%d (is|are) %s\b" % (count, verdict), lead[0]), (lead, verdict)
    print("%d numbers and %d verdicts are those of %d effects" % (seen, verdicts, len(effects)))


WORDS = re.compile(r"\b(ris(e|es|ing)|rose|fall(s|ing)?|fell|raise[sd]?|lower(s|ed)|amplif\w*|increas\w*|decreas\w*|"
                   r"reduc\w*|improv\w*|worsen\w*|weaken\w*|strengthen\w*|caus\w*|help(s|ed)?|hurt\w*|leads? to|"
                   r"up by|down by|the other way|✔|✘|▲|▼)", re.I)


def check_calm(page):
    body = [n for n in page.root.walk() if n.tag == "body"][0]
    for node in list(body.walk()):
        if node.attributes.get("id") in ("methods", "provenance"):
            node.children = []
    legend = "▲ and ▼: p, of a hypothesis q, is at most 0.05 and the 95 % interval excludes 0."
    text = body.text(("q", "question", "pre", "style", "desc")).replace(legend, "")
    found = WORDS.search(text)
    assert not found, text[max(0, found.start() - 80):found.end() + 40]
    assert not re.search(r"\b(supported|refuted)\b", text), "a verdict that is none"


def luminance(colour):
    colour = colour.lstrip("#")
    if len(colour) == 3:
        colour = "".join(c * 2 for c in colour)
    part = [int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    part = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in part]
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]


def check_contrast(page):
    style = "".join(n.text() for n in page.root.walk() if n.tag == "style")
    pairs = [(a, b) for a in ("ink", "soft", "link", "c1", "c2", "c3", "c4") for b in ("ground", "card")]
    pairs += [("ink", "up"), ("ink", "down"), ("ink", "warn")]
    light, least = None, 99
    for block in re.findall(r":root\{([^}]*)\}", style):
        colours = dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]+)", block))
        light = light or colours
        colours = {**light, **colours}
        for a, b in pairs:
            x, y = sorted((luminance(colours[a]), luminance(colours[b])))
            least = min(least, (y + 0.05) / (x + 0.05))
            assert (y + 0.05) / (x + 0.05) >= 4.5, (a, b, (y + 0.05) / (x + 0.05))
    print("the least contrast is %.2f" % least)


what, page = sys.argv[1], Page(sys.argv[2])
try:
    if what == "numbers":
        check_numbers(page, sys.argv[3])
    else:
        {"safe": check_safe, "payloads": check_payloads, "calm": check_calm, "contrast": check_contrast}[what](page)
except AssertionError as error:
    sys.exit("%s: %s: %s" % (sys.argv[2], what, error))
