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
