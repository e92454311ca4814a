/// What is counted or measured, by one name for every way to write it.
struct MeasurementUnit: Hashable, Sendable {
    /// The canonical name, such as `cm^2` or `mile/hour`.
    let name: String

    static let percent = MeasurementUnit(name: "%")
    static let degree = MeasurementUnit(name: "degree")
    static let dollar = MeasurementUnit(name: "dollar")

    /// The currency of a sign that stands before a number.
    static func currency(_ kind: AnswerToken.Kind) -> MeasurementUnit? {
        switch kind {
        case .command("$"), .text("\\$"): .dollar
        case .symbol("€"): MeasurementUnit(name: "euro")
        case .symbol("£"): MeasurementUnit(name: "pound sterling")
        case .symbol("¥"): MeasurementUnit(name: "yen")
        case .symbol("₹"): MeasurementUnit(name: "rupee")
        case .symbol("¢"): MeasurementUnit(name: "cent")
        case .symbol("₽"): MeasurementUnit(name: "ruble")
        case .symbol("₩"): MeasurementUnit(name: "won")
        case .word(let word), .text(let word): codes[word].map { MeasurementUnit(name: $0) }
        default: nil
        }
    }

    private static let codes = [
        "USD": "dollar", "EUR": "euro", "GBP": "pound sterling", "JPY": "yen", "INR": "rupee", "Rs": "rupee",
        "CNY": "yuan", "RMB": "yuan",
    ]

    /// The unit that a text such as `square centimetres`, `miles per hour` or `m/s^2` names; nil if it names none.
    init?(_ text: String) {
        var words: [String] = []
        var word = ""
        for character in text.lowercased() == text ? text : Self.lowered(text) {
            if character.isLetter || character == "%" || character == "°" {
                word.append(character)
            } else {
                if !word.isEmpty { words.append(word) }
                word = ""
                if character.isNumber || "/^*-".contains(character) {
                    words.append(String(character))
                } else if !" .{}\\".contains(character) {
                    return nil
                }
            }
        }
        if !word.isEmpty { words.append(word) }
        guard !words.isEmpty, words.count <= 9, words.allSatisfy({ !Self.refused.contains($0) }) else { return nil }
        if words == ["per", "cent"] { words = ["%"] }
        var name = ""
        var power = ""
        for word in words {
            switch word {
            case "per", "/": name += "/"
            case "square", "sq", "squared": power = "^2"
            case "cubic", "cu", "cubed": power = "^3"
            case "^", "*", "-": name += word
            case "of", "a", "an", "the", "each", "total": continue
            default:
                if let first = word.first, first.isNumber {
                    name += word
                    continue
                }
                if name.last?.isLetter == true { name += " " }
                name += Self.synonyms[word] ?? Self.singular(word)
                name += power
                power = ""
            }
        }
        name += power
        if name.hasPrefix("degree ") { name = name == "degree celsius" || name == "degree c" ? "°c" : name }
        self.name = name
        if name.isEmpty { return nil }
    }

    private init(name: String) { self.name = name }

    /// Lower case, except where the case makes another unit.
    private static func lowered(_ text: String) -> String { text.lowercased() }

    private static func singular(_ word: String) -> String {
        guard word.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") else { return word }
        if word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        return String(word.dropLast())
    }

    /// Whether a bare word, not in `\text{}`, is read as a unit after a number.
    static func isKnown(_ word: String) -> Bool {
        let word = word.lowercased()
        return synonyms[word] != nil || synonyms[singular(word)] != nil
            || ["sq", "square", "cubic", "percent"].contains(word)
    }

    /// Letters that alone are a unit after a number and a space.
    static let letters: Set<String> = ["m", "g", "s", "h", "L", "l", "C", "F", "N", "J", "W", "V", "K"]

    /// Words that make a phrase something else than a quantity with a unit.
    private static let refused: Set<String> = [
        "or", "and", "more", "less", "than", "to", "if", "is", "not", "between", "r", "remainder", "no", "at", "least",
        "most", "over", "under", "mod", "for", "all", "where", "when", "with", "plus", "minus", "times", "by", "base",
        "am", "pm", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
        "november", "december", "bc", "ad", "from", "but", "about", "be", "can", "are", "was", "were", "has", "have",
        "will",
        "which", "that", "so",
    ]

    private static let synonyms: [String: String] = {
        let groups = [
            "mm millimeter millimetre millimeters millimetres", "cm centimeter centimetre centimeters centimetres",
            "km kilometer kilometre kilometers kilometres", "meter metre meters metres m", "inch in inches",
            "foot ft feet", "yard yd yards yds", "mile mi miles", "gram grams g gm", "kg kilogram kilograms kilo kilos",
            "mg milligram milligrams", "liter litre liters litres l",
            "ml milliliter millilitre milliliters millilitres",
            "second sec secs seconds s", "minute min mins minutes", "hour hr hrs hours h", "day days", "week weeks",
            "month months", "year yr yrs years", "dollar dollars usd buck bucks", "cent cents", "euro euros eur",
            "yen jpy", "yuan cny rmb", "rupee rupees inr rs",
            "pound lb lbs pounds", "ounce oz ounces", "ton tons", "degree degrees deg °", "% percent percentage pct",
            "radian radians rad", "unit units", "mile/hour mph", "km/hour kph kmh kmph", "gallon gallons gal",
            "cup cups",
            "quart quarts qt", "pint pints", "point points pt pts", "people person persons", "way ways", "apple apples",
            "hertz hz", "newton newtons", "joule joules", "watt watts", "volt volts", "acre acres", "dozen dozens",
            "student students", "child children", "man men", "woman women", "digit digits", "side sides", "time",
            "step steps", "ball balls", "coin coins", "book books", "egg eggs", "car cars", "page pages",
            "mole mol moles",
        ]
        var table: [String: String] = [:]
        for group in groups {
            let names = group.split(separator: " ").map(String.init)
            for name in names { table[name] = names[0] }
        }
        return table
    }()
}
