"""The words of headers and cells by what they mean, in the languages that exports come in: data.

English, German, French, Spanish, Portuguese, Japanese, Italian and Dutch. Patterns are searched in
folded text (see `characters.folded`), where single spaces separate all words.
"""

import re

from credits_pipeline.credits.reading.characters import folded, words


def _keys(text: str) -> frozenset[str]:
    """Words as header keys: folded, without spaces."""
    return frozenset(folded(word).replace(" ", "") for word in words(text))


#: Names of the account column, besides English ones.
ACCOUNT = _keys(
    """
    konto kontoid kontonummer kontonr awskonto awskontoid awskontonummer mitgliedskonto unterkonto
    verknüpfteskonto verknüpftekontoid kontonummern
    compte comptes idcompte iddecompte idducompte numérodecompte numérocompte ndecompte comptelié
    nodecompte idducomptelié
    comptemembre compteaws idcompteaws idducompteaws identifiantducompte
    cuenta cuentas iddecuenta iddelacuenta idcuenta númerodecuenta nºdecuenta cuentavinculada
    cuentaaws iddecuentaaws cuentamiembro idcuentaaws
    conta contas iddaconta idconta ndaconta iddocompte númerodaconta contavinculada contaaws
    iddacontaaws
    アカウント アカウントid アカウント番号 awsアカウント awsアカウントid awsアカウント番号
    連結アカウント 連結アカウントid リンクアカウント リンクされたアカウント メンバーアカウント
    conto idconto idaccount numeroconto rekening rekeningnummer accountnummer
    rowlabels zeilenbeschriftungen étiquettesdelignes etiquetasdefila rótulosdelinha 行ラベル
    etichettediriga rijlabels
    """
)
#: Names that say that a column contains credits.
CREDIT = _keys(
    """
    appliedcredit appliedcredits amountcredited amountofcredit amountofcredits awscredit awscredits
    credit creditamount creditamounts creditamt creditapplied creditedamount credits creditsamount
    creditsapplied credittotal creditstotal creditvalue monthlycredit monthlycredits promocredit
    promocredits promotionalcredit promotionalcredits totalcredit totalcreditamount totalcredits
    creditamountcurrencyamount creditmemoamount
    gutschrift gutschriften gutschriftbetrag gutschriftsbetrag guthaben guthabenbetrag awsgutschrift
    awsgutschriften awsguthaben
    crédit crédits montantducrédit montantcrédit montantdescrédits montantducredits avoir avoirs
    créditsaws créditaws créditsappliqués créditappliqué
    crédito créditos importedelcrédito importedecrédito importecrédito montodelcrédito
    montodecrédito créditosaws créditoaws créditosaplicados créditoaplicado
    valordocrédito valordecrédito valorcrédito montantedocrédito
    クレジット クレジット額 クレジット金額 awsクレジット
    credito crediti importocredito tegoed creditbedrag
    """
)
#: Names of a column of money that do not say that it contains credits.
MONEY = _keys(
    """
    amount amt dollars totalamount usd betrag montant importe monto valor montante 金額 importo
    bedrag
    """
)
#: What spreadsheets write before the name of a summed column.
SUM_OF = re.compile(
    r"^(?:sum of|summe von|somme de|suma de|soma de|somma di|som van|合計 ?[/:]?) ?(?=.)"
)

#: Codes and names under which people write the US dollar, folded.
DOLLARS = frozenset(
    folded(name)
    for name in [
        "USD",
        "$",
        "US$",
        "$US",
        "USD$",
        "[USD]",
        "(USD)",
        "USD ($)",
        "in USD",
        "dollar",
        "dollars",
        "US-dollar",
        "US-dollars",
        "US dollar",
        "US dollars",
        "U.S. dollar",
        "U.S. dollars",
        "United States dollar",
        "United States dollars",
        "in US dollars",
        "in dollars",
        "dollar américain",
        "dollars américains",
        "dólar",
        "dólares",
        "US-Dollar",
        "米ドル",
        "ドル",
    ]
)
#: Currencies by name.
CURRENCY_NAMES = re.compile(
    r"\b(?:euros?|pounds?|sterling|pfund|livres?|libras?|yen|yens|ienes?|yuan|renminbi|rupees?"
    r"|rupien|roupies?|francs?|franken|francos?|pesos?|reais|kroner|kronor?|rands?|zlotys?|won"
    r"|rubles?|rubel|lira|shekels?|bitcoins?"
    r"|(?:australian|canadian|singapore|hong ?kong|new zealand|taiwan(?:ese)?|jamaican|bermudian"
    r"|barbadian|namibian|fijian|liberian) (?:dollars?|\$))\b|ユーロ|円|ポンド|人民元|元\b"
)
#: Dollars and other money with the sign of the dollar, of another country.
OTHER_DOLLARS = re.compile(
    r"(?<![\w])(?:au|ca|nz|hk|sg|nt|mx|[acsr]) ?\$|(?<!us)\$ ?(?:ca|au|nz|hk|sg)\b"
)
#: What multiplies an amount.
UNITS = re.compile(
    r"\b(?:thousands?|tsd|tausend|milliers?|miles|milhares|mille|millions?|millionen|millones"
    r"|milhoes|mio|mn|mln|bn|billions?|cents?|centimes?|centavos?|hundreds?|hunderte?|lakhs?"
    r"|crores?|kusd|tusd|usdk|musd|keur|teur|usdm|k ?\$|\$ ?k|\$ ?mm?|usd ?k|usd ?mm?"
    r"|x ?10+|per (?:mille|cent))(?![\w])"
    r"|(?<![\w.,'])(?:\$ ?|')?0{3}s?(?![\w.,])|\((?:in )?(?:us ?)?\$? ?[km]{1,2}\)"
    r"|\bin (?:us ?)?\$? ?(?:[km]|mm)(?![\w])|千|百万|万\b"
)
_NOT_CREDIT = r"""usage tax taxes vat fee fees support charge charges debit refund refunds discount
discounts rebate adjustment purchase recurring onetime subscription discountedusage rifee
savingsplan savingsplancoveredusage savingsplannegation savingsplanrecurringfee
savingsplanupfrontfee bundleddiscount edpdiscount privateratediscount
solutionproviderprogramdiscount
spprediscount distributordiscount cost costs invoice payment payments net total subtotal
verbrauch nutzung steuer steuern gebühr gebühren belastung rückerstattung erstattung rabatt kosten
utilisation taxe frais remboursement débit remise coût coûts facture
uso consumo impuesto impuestos cargo cargos reembolso descuento débito costo costos pago
imposto impostos taxa taxas encargo encargos desconto custo custos pagamento
使用 使用量 使用料 税 税金 料金 返金 割引 コスト 費用 請求 支払い"""
#: Kinds of rows that are not credits, as `key`.
NOT_CREDITS = _keys(_NOT_CREDIT)
#: Kinds of rows that are credits, as `key`.
CREDITS = _keys(
    """
    credit credits awscredit awscredits promotionalcredit promotionalcredits promocredit promotion
    promotional promotions creditmemo credited serviceccredit servicecredit servicecredits
    gutschrift gutschriften guthaben crédit crédits avoir crédito créditos クレジット
    """
)
#: Programmes and kinds of credit: all of them are credits.
PROGRAMMES = _keys(
    """
    map edp activate poc migration promo marketing partner funding training reinvent sla goodwill
    startup research education event survey vmware
    """
)
#: A status after which nothing changes any more.
FINAL = _keys(
    """
    processed applied paid posted final finalized finalised approved issued complete completed
    closed settled confirmed booked active done ok valid invoiced billed open current enabled
    gebucht bezahlt abgeschlossen genehmigt endgültig bestätigt aktiv
    appliqué payé validé confirmé approuvé terminé actif
    aplicado pagado aprobado confirmado finalizado activo procesado
    pago aprovado concluído ativo processado
    適用済み 支払済み 完了 確定 承認済み
    """
) - _keys("open current invoiced")
#: Words of a status, or of a note, after which an amount may still change or does not count.
NOT_FINAL = re.compile(
    r"\b(?:pending|estimat\w*|provisional|preliminary|forecast\w*|projected|draft|tentative|planned"
    r"|unconfirmed|unapproved|cancel\w*|void\w*|revers\w*|reject\w*|declin\w*|expired|failed"
    r"|disputed|upcoming|next month|to be (?:confirmed|approved|applied|paid|issued|decided)|tb[cd]"
    r"|not (?:yet )?(?:applied|approved|paid|confirmed|issued|posted|booked|processed|received"
    r"|granted|valid|eligible|credited|counted)|invalid|ineligible|unpaid|unposted|unprocessed"
    r"|(?:test|sample|dummy|example) (?:data|file|values|figures|amounts|rows)|example only"
    r"|on hold|not final|subject to change|excluded?|not (?:a )?credits?|do not|revok\w*|wrong"
    r"|incorrect|double count\w*|counted twice|already (?:sent|counted|credited)"
    r"|ignore|duplicate|withdrawn|claw ?back\w*|taken back|refund\w*|debit\w*|accru\w*|unapplied"
    r"|vorlaufig|geschatzt|schatzung|entwurf|storn\w*|ausstehend|abgelehnt|geplant"
    r"|provisoire|estime\w*|brouillon|annul\w*|en attente|rejete\w*"
    r"|pendiente|borrador|anulad\w*|cancelad\w*|rechazad\w*|provisorio"
    r"|pendente|rascunho|rejeitad\w*|previsto)\b|見積|概算|暫定|保留|取消|キャンセル|予定"
)
#: A text that says that the figures of the whole sheet are not credits.
CHARGES = re.compile(
    r"\b(?:costs?|charges?|usage|spend\w*|taxes|tax|debits?|invoices?|refunds?|fees?|discounts?"
    r"|kosten|verbrauch|steuern?|rechnung|couts?|depenses?|facture|costos?|costes?|gastos?"
    r"|custos?|despesas?|fatura)\b|コスト|費用|使用料|料金|請求"
)
#: A text that makes the figures what is left of costs, or costs before credits.
NET_OF = re.compile(
    r"\b(?:net of|before|after|less|minus|without|excluding|excl|ohne|vor|nach|hors|avant|apres"
    r"|sin|antes de|despues de|sem|depois de)\.? (?:the |any |all )?(?:aws |promotional )?"
    r"(?:credits?|gutschrift\w*|avoirs?|creditos?)\b"
)
#: A text that makes the figures a balance or a grant, unless it has its own amount.
BALANCES = re.compile(
    r"\b(?:remaining|unused|available|opening|closing|granted|awarded|left over|balances?|rest of"
    r"|saldo|solde|restant\w*|verfugbar\w*|disponible\w*|disponivel)\b|残高|残額"
)
#: Whole values of a dimension that mean that the row's amount is not a credit of the month.
NOT_ACTUAL = re.compile(
    r"(?:budget\w*|plan(?:ned)?|accruals?|accrued|target|outlook|scenario|prognose)"
)
#: What makes a month in a note the life of a credit, not the month in which it is applied.
LIFE = re.compile(
    r"\b(?:expir\w*|valid\w*|grant\w*|award\w*|renew\w*|starts?|starting|ends?|ending|signed"
    r"|contract|agreement|ablauf\w*|gultig\w*|echeance|vencimiento|vencimento)\b|有効期限|失効"
)
#: What says how signs are meant.
SIGNS = re.compile(
    r"\b(?:negative|positive|negativ\w*|positiv\w*|minus|parenthes[ei]s|brackets?|signs?|reversed"
    r"|vorzeichen|signo|sinal|signe)\b|負|符号"
)
#: What says that figures cover more, or less, than a month.
LONGER = re.compile(
    r"\b(?:q[1-4]|[1-4]q|quarter\w*|quartal\w*|trimestr\w*|fy ?[0-9]{0,4}|fiscal|h[12]"
    r"|half ?year\w*"
    r"|semest\w*|annual\w*|yearly|ytd|mtd|year to date|month to date|to date|cumulative|lifetime"
    r"|since|until|up to|seit|depuis|desde|jusqu\w*|hasta|weekly?|weeks?|jahres\w*|jahrlich\w*"
    r"|annuel\w*|anual\w*|kumuliert\w*"
    r"|geschaftsjahr|exercice|partial|teilweise|running|all time)\b|四半期|年度|累計|通期"
)
#: What makes a date in a title the day of the sheet, not the month of its credits.
MADE = re.compile(
    r"\b(?:prepared|generated|created|exported|printed|run|downloaded|extracted|updated|as of|as at"
    r"|report date|date of report|printed on|published|issued|sent|version|rev|revision"
    r"|ref|reference|no|nr|number|id|invoice|memo|ticket|case|contract|order|po"
    r"|erstellt|stand|gedruckt|exportiert|referenz|genere|cree|edite|imprime|etabli"
    r"|generado|creado|impreso|gerado|criado|emitido)\b|作成|出力|時点|更新|番号"
)
#: What precedes an amount that is not a sum of the sheet's credits.
AVAILABLE = re.compile(
    r"\b(?:available|remaining|balance|left|limit|budget|opening|closing|granted|saldo|solde"
    r"|verfugbar|restant\w*|disponible\w*|disponivel|saldo)\b|残高"
)
