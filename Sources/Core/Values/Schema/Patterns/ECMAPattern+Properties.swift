/// `\p{…}`: the properties of characters that ECMA-262 names.
extension ECMAPattern {
    /// A property behind `\p` or `\P`.
    mutating func property(isNegated: Bool) throws(Failure) -> Characters {
        guard take("{") else { throw Failure("'\\p' is followed by a property in braces") }
        let start = index
        while index < scalars.count, scalars[index] != "}" { index += 1 }
        let written = text(start..<index)
        guard take("}") else { throw Failure("'\\p{' is not closed") }
        let parts = written.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard var set = try parts.count == 2 ? valued(parts[0], parts[1]) : lone(written) else {
            throw Failure("'\(written)' is no property that ECMA-262 knows")
        }
        if isNegated { set.isNegated.toggle() }
        return set
    }

    private mutating func valued(_ name: String, _ value: String) throws(Failure) -> Characters? {
        switch name {
        case "General_Category", "gc": return Self.category(value)
        case "Script", "sc": return Self.script(value).map { Characters(items: "\\p{\($0)}") }
        case "Script_Extensions", "scx":
            guard let script = Self.script(value) else { return nil }
            fail(Failure("RE2 has no 'Script_Extensions'", fix: "write '\\p{Script=\(script)}'"))
            return Characters(items: "\\p{\(script)}")
        default: return nil
        }
    }

    private mutating func lone(_ name: String) throws(Failure) -> Characters? {
        if let category = Self.category(name) { return category }
        switch name {
        case "Any": return Characters(items: #"\x{0}-\x{10ffff}"#, others: "")
        case "ASCII": return Characters(items: #"\x{0}-\x7f"#, others: #"\x{80}-\x{10ffff}"#)
        case "ASCII_Hex_Digit", "AHex":
            return Characters(items: "0-9A-Fa-f", others: #"\x{0}-/:-@G-`g-\x{10ffff}"#)
        case "Assigned": return Characters(items: Self.unassigned + Self.otherAssigned)
        case "White_Space", "space": return Characters(items: Self.whiteSpace)
        case "Join_Control", "Join_C": return Characters(items: #"\x{200c}\x{200d}"#)
        case "Regional_Indicator", "RI": return Characters(items: #"\x{1f1e6}-\x{1f1ff}"#)
        default: break
        }
        guard Self.binary.contains(name) else { return nil }
        fail(Failure("RE2 has no property '\(name)'", fix: Self.likeness[name]))
        return Characters(items: Self.unassigned)
    }

    /// What to write for properties that are nearly a category.
    private static let likeness: [String: String] = [
        "Alphabetic": "write '\\p{L}'", "Alpha": "write '\\p{L}'",
        "Lowercase": "write '\\p{Ll}'", "Lower": "write '\\p{Ll}'",
        "Uppercase": "write '\\p{Lu}'", "Upper": "write '\\p{Lu}'",
    ]

    private static let whiteSpace =
        #"\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"#

    /// All categories but the others, whose complement has what is assigned to nothing.
    private static let unassigned = #"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}"#
    private static let otherAssigned = #"\p{Cc}\p{Cf}\p{Co}"#

    private static func category(_ name: String) -> Characters? {
        guard let short = categories[name] ?? (categories.values.contains(name) ? name : nil)
        else { return nil }
        return switch short {
        case "LC": Characters(items: #"\p{Lu}\p{Ll}\p{Lt}"#)
        case "C": Characters(items: unassigned, isNegated: true)
        case "Cn": Characters(items: unassigned + otherAssigned, isNegated: true)
        // Surrogates are in no text.
        case "Cs": Characters(items: #"\x{0}-\x{10ffff}"#, isNegated: true)
        default: Characters(items: "\\p{\(short)}")
        }
    }

    private static let categories: [String: String] = [
        "Cased_Letter": "LC", "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf",
        "Unassigned": "Cn", "Private_Use": "Co", "Surrogate": "Cs", "Letter": "L",
        "Lowercase_Letter": "Ll", "Modifier_Letter": "Lm", "Other_Letter": "Lo",
        "Titlecase_Letter": "Lt", "Uppercase_Letter": "Lu", "Mark": "M", "Combining_Mark": "M",
        "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Nonspacing_Mark": "Mn", "Number": "N",
        "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
        "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd",
        "Close_Punctuation": "Pe", "Final_Punctuation": "Pf", "Initial_Punctuation": "Pi",
        "Other_Punctuation": "Po", "Open_Punctuation": "Ps", "Symbol": "S",
        "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Math_Symbol": "Sm",
        "Other_Symbol": "So", "Separator": "Z", "Line_Separator": "Zl",
        "Paragraph_Separator": "Zp", "Space_Separator": "Zs",
    ]

    /// The long name of a script, which is RE2's.
    private static func script(_ name: String) -> String? {
        if let long = scripts[name] { return long }
        return scripts.values.contains(name) ? name : nil
    }

    private static let scripts: [String: String] = {
        var all: [String: String] = ["Qaac": "Coptic", "Qaai": "Inherited"]
        for pair in scriptNames.split(whereSeparator: \.isWhitespace) {
            let names = pair.split(separator: "=").map(String.init)
            all[names[0]] = names[1]
        }
        return all
    }()

    /// Of Unicode 16.0.
    private static let scriptNames = """
        Adlm=Adlam Aghb=Caucasian_Albanian Ahom=Ahom Arab=Arabic Armi=Imperial_Aramaic
        Armn=Armenian Avst=Avestan Bali=Balinese Bamu=Bamum Bass=Bassa_Vah Batk=Batak Beng=Bengali
        Bhks=Bhaiksuki Bopo=Bopomofo Brah=Brahmi Brai=Braille Bugi=Buginese Buhd=Buhid Cakm=Chakma
        Cans=Canadian_Aboriginal Cari=Carian Cham=Cham Cher=Cherokee Chrs=Chorasmian Copt=Coptic
        Cpmn=Cypro_Minoan Cprt=Cypriot Cyrl=Cyrillic Deva=Devanagari Diak=Dives_Akuru Dogr=Dogra
        Dsrt=Deseret Dupl=Duployan Egyp=Egyptian_Hieroglyphs Elba=Elbasan Elym=Elymaic
        Ethi=Ethiopic Gara=Garay Geor=Georgian Glag=Glagolitic Gong=Gunjala_Gondi
        Gonm=Masaram_Gondi Goth=Gothic Gran=Grantha Grek=Greek Gujr=Gujarati Gukh=Gurung_Khema
        Guru=Gurmukhi Hang=Hangul Hani=Han Hano=Hanunoo Hatr=Hatran Hebr=Hebrew Hira=Hiragana
        Hluw=Anatolian_Hieroglyphs Hmng=Pahawh_Hmong Hmnp=Nyiakeng_Puachue_Hmong
        Hung=Old_Hungarian Ital=Old_Italic Java=Javanese Kali=Kayah_Li Kana=Katakana Kawi=Kawi
        Khar=Kharoshthi Khmr=Khmer Khoj=Khojki Kits=Khitan_Small_Script Knda=Kannada
        Krai=Kirat_Rai Kthi=Kaithi Lana=Tai_Tham Laoo=Lao Latn=Latin Lepc=Lepcha Limb=Limbu
        Lina=Linear_A Linb=Linear_B Lisu=Lisu Lyci=Lycian Lydi=Lydian Mahj=Mahajani Maka=Makasar
        Mand=Mandaic Mani=Manichaean Marc=Marchen Medf=Medefaidrin Mend=Mende_Kikakui
        Merc=Meroitic_Cursive Mero=Meroitic_Hieroglyphs Mlym=Malayalam Modi=Modi Mong=Mongolian
        Mroo=Mro Mtei=Meetei_Mayek Mult=Multani Mymr=Myanmar Nagm=Nag_Mundari Nand=Nandinagari
        Narb=Old_North_Arabian Nbat=Nabataean Newa=Newa Nkoo=Nko Nshu=Nushu Ogam=Ogham
        Olck=Ol_Chiki Onao=Ol_Onal Orkh=Old_Turkic Orya=Oriya Osge=Osage Osma=Osmanya
        Ougr=Old_Uyghur Palm=Palmyrene Pauc=Pau_Cin_Hau Perm=Old_Permic Phag=Phags_Pa
        Phli=Inscriptional_Pahlavi Phlp=Psalter_Pahlavi Phnx=Phoenician Plrd=Miao
        Prti=Inscriptional_Parthian Rjng=Rejang Rohg=Hanifi_Rohingya Runr=Runic Samr=Samaritan
        Sarb=Old_South_Arabian Saur=Saurashtra Sgnw=SignWriting Shaw=Shavian Shrd=Sharada
        Sidd=Siddham Sind=Khudawadi Sinh=Sinhala Sogd=Sogdian Sogo=Old_Sogdian Sora=Sora_Sompeng
        Soyo=Soyombo Sund=Sundanese Sunu=Sunuwar Sylo=Syloti_Nagri Syrc=Syriac Tagb=Tagbanwa
        Takr=Takri Tale=Tai_Le Talu=New_Tai_Lue Taml=Tamil Tang=Tangut Tavt=Tai_Viet Telu=Telugu
        Tfng=Tifinagh Tglg=Tagalog Thaa=Thaana Thai=Thai Tibt=Tibetan Tirh=Tirhuta Tnsa=Tangsa
        Todr=Todhri Toto=Toto Tutg=Tulu_Tigalari Ugar=Ugaritic Vaii=Vai Vith=Vithkuqi
        Wara=Warang_Citi Wcho=Wancho Xpeo=Old_Persian Xsux=Cuneiform Yezi=Yezidi Yiii=Yi
        Zanb=Zanabazar_Square Zinh=Inherited Zyyy=Common
        """

    private static let binary: Set<String> = Set(
        binaryNames.split(whereSeparator: \.isWhitespace).map(String.init)
    )

    /// The table of binary properties in ECMA-262, with their short names.
    private static let binaryNames = """
        Alphabetic Alpha Bidi_Control Bidi_C Bidi_Mirrored Bidi_M Case_Ignorable CI Cased
        Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM Changes_When_Lowercased CWL
        Changes_When_NFKC_Casefolded CWKCF Changes_When_Titlecased CWT Changes_When_Uppercased
        CWU Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji
        Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation
        EPres Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base Grapheme_Extend
        Gr_Ext Hex_Digit Hex IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC
        ID_Start IDS Ideographic Ideo Logical_Order_Exception LOE Lowercase Lower Math
        Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS
        Quotation_Mark QMark Radical Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation
        Term Unified_Ideograph UIdeo Uppercase Upper Variation_Selector VS XID_Continue XIDC
        XID_Start XIDS
        """
}
