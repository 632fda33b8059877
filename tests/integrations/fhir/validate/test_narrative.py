"""Narrative: simple XHTML passes; what runs, loads or is not XHTML does not."""

import pytest

from tests.integrations.fhir.validate.clinical import patient
from tests.integrations.fhir.validate.found import found


def _faults(inside: str, start: str = '<div xmlns="http://www.w3.org/1999/xhtml">', end: str = "</div>") -> list[str]:
    text = {"status": "generated", "div": f"{start}{inside}{end}"}
    seen = found({**patient(), "text": text})
    assert all(fault.code == "invariant" and fault.expression == "Patient.text.div" for fault in seen)
    return [fault.sentence for fault in seen]


@pytest.mark.parametrize(
    "inside",
    [
        *("text", "<p>a<br/>b &amp; c &lt; &nbsp;&eacute; &#169;</p>", "<!-- note -->x", "<b>b</b><i>i</i><tt>t</tt>"),
        "<table border='1' summary='s'><thead><tr><th colspan='2' scope='col'>a</th></tr></thead></table>",
        "<p style='color: red; text-align: center' class='c' id='i' title='t' xml:lang='en' dir='ltr'>x</p>",
        *(
            "<a href='http://a.test'>x</a>",
            "<a href='#x' name='y'>x</a>",
            "<img src='data:image/png;base64,AQID' alt='a'/>",
        ),
        *("<img src='#pic'/>", "<ul><li>a</li></ul><dl><dt>a</dt><dd>b</dd></dl>", "<pre>a</pre><hr/><h1>x</h1>"),
    ],
)
def test_formatting_links_and_enclosed_images_pass(inside: str) -> None:
    assert _faults(inside) == []


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>alert(1)</script>x", "element script"),
        ("<SCRIPT>x</SCRIPT>x", "element SCRIPT"),
        ("<form><input/></form>x", "element form"),
        ("<iframe src='http://a'/>x", "element iframe"),
        ("<object/>x", "element object"),
        ("<link href='x'/>x", "element link"),
        ("<style>p{}</style>x", "element style"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><p>x</p></svg>", "element svg"),
        ("<p onclick='x'>x</p>", "attribute onclick"),
        ("<p onLoad='x'>x</p>", "attribute onLoad"),
        ("<p data-x='x'>x</p>", "attribute data-x"),
        ("<a href='javascript:alert(1)'>x</a>", "runs a script"),
        ("<a href=' java&#10;script:alert(1)'>x</a>", "runs a script"),
        ("<a href='data:text/html,x'>x</a>", "runs a script"),
        ("<img src='http://a.test/x.png'/>", "image from elsewhere"),
        ("<img src='data:image/svg+xml;base64,AA=='/>", "image from elsewhere"),
        ("<img src='//a.test/x.png'/>", "image from elsewhere"),
        ("<p style='background:url(http://a)'>x</p>", "style that loads"),
        ("<p style='background:\\75 rl(x)'>x</p>", "style that loads"),
        ("<p>a", "not well-formed"),
        ("a & b", "not well-formed"),
        ("&frog;", "not well-formed"),
        ("", "no text"),
        (" <p> </p> &nbsp;", "no text"),
        ("<b>" * 200 + "x" + "</b>" * 200, "nested more than"),
    ],
)
def test_what_runs_loads_or_is_no_xhtml_is_refused(inside: str, said: str) -> None:
    assert any(said in sentence for sentence in _faults(inside))


def test_it_is_one_div_of_xhtml() -> None:
    assert "must be one div" in _faults("x", "<div>")[0]
    assert "must be one div" in _faults("x", '<p xmlns="http://www.w3.org/1999/xhtml">', "</p>")[0]
    assert "not well-formed" in _faults("x", "", "")[0]


def test_document_types_and_their_entities_are_not_read() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><div xmlns="http://www.w3.org/1999/xhtml">'
    assert "document type" in _faults("&b;", bomb)[0]
    assert (
        "document type"
        in _faults("x", '<?xml-stylesheet href="http://a"?><div xmlns="http://www.w3.org/1999/xhtml">')[0]
    )
