"""The mapping of term fields."""

import pytest

from connectors.errors import OperatorMustAct
from connectors.netsuite import TermField, TermFields


def test_fields_are_tried_in_the_order_written() -> None:
    fields = TermFields.parse(" header:custbody_x, LINE: custcol_Y ,header:enddate", "NETSUITE_TERM_END")
    assert fields.candidates == (
        TermField("header", "custbody_x"),
        TermField("line", "custcol_y"),
        TermField("header", "enddate"),
    )
    assert str(fields) == "header:custbody_x, line:custcol_y, header:enddate"
    assert fields.on_lines
    assert not TermFields.parse("header:enddate").on_lines


@pytest.mark.parametrize(
    "text",
    ["", "enddate", "body:enddate", "header:", "header:a,,line:b", "header:end date", "line:x)--", "header:ä"],
)
def test_a_mapping_that_cannot_be_read_names_its_setting(text: str) -> None:
    with pytest.raises(OperatorMustAct, match="NETSUITE_TERM_END") as caught:
        TermFields.parse(text, "NETSUITE_TERM_END")
    assert caught.value.code == "term-fields-invalid"
    assert "header:FIELD" in caught.value.remedy
