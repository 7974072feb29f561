from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline_tests.finops.chargeback.conftest import MAY, books
from credits_pipeline_tests.finops.typed import Bills


def test_x(bills: Bills) -> None:
    b = books(bills)
    s = b.draft(MAY, b.decided.model("teams"))
    for sec in s.sections:
        print(sec.currency, sec.spend, sec.stated, sec.holds)
        for o, k in sec.owners.items():
            print(o, k)
        print(sec.pools, sec.adds_up)
    print(s.faults, s.inputs, s.digest)
    assert s.holds
    assert Statement.from_dict(s.as_dict()) == s
