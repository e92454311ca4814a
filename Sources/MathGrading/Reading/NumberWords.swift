/// The numbers in English words.
enum NumberWords {
    /// The value of words such as `five`, `twenty-one` or `two hundred and six`; nil if they are not a number.
    static func value(of words: [String]) -> Rational? {
        var total = 0
        var group = 0
        var hasNumber = false
        for word in words.flatMap({ $0.lowercased().split(separator: "-") }) {
            if let small = small[String(word)] {
                group += small
            } else if word == "hundred" {
                group = max(1, group) * 100
            } else if let scale = scales[String(word)] {
                guard total < 1_000_000_000_000, group < 1_000_000 else { return nil }
                total += max(1, group) * scale
                group = 0
            } else if word == "and", hasNumber {
                continue
            } else {
                return nil
            }
            guard group < 1_000_000 else { return nil }
            hasNumber = true
        }
        return hasNumber ? Rational(total + group) : nil
    }

    /// The value of words such as `one half` or `two-thirds`; nil if they are no fraction.
    static func fraction(of words: [String]) -> Rational? {
        var parts = words.flatMap { $0.lowercased().split(separator: "-").map(String.init) }
        guard let last = parts.popLast(), let divisor = fractions[last], let count = value(of: parts),
            let part = Rational(divisor).inverse
        else { return nil }
        return count * part
    }

    private static let fractions = [
        "half": 2, "halves": 2, "third": 3, "thirds": 3, "fourth": 4, "fourths": 4, "quarter": 4, "quarters": 4,
        "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
        "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10,
    ]

    /// Words that multiply the number before them.
    static let scales = [
        "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
    ]

    private static let small: [String: Int] = {
        let low = [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
        ]
        let tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
        var table = Dictionary(uniqueKeysWithValues: low.enumerated().map { ($0.element, $0.offset) })
        for (index, word) in tens.enumerated() { table[word] = 20 + 10 * index }
        return table
    }()
}
