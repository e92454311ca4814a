internal import Foundation

/// The equality of answers in the evaluation code that most papers share.
enum CompatEquality {
    /// Whether a normalised answer counts as a normalised gold answer.
    static func equal(_ candidate: String, _ gold: String) -> Bool { equal(candidate, gold, depth: 0) }

    private static func equal(_ candidate: String, _ gold: String, depth: Int) -> Bool {
        guard max(candidate.utf8.count, gold.utf8.count) <= GradingLimits.characters else { return candidate == gold }
        if candidate.trimming().lowercased() == gold.trimming().lowercased() { return true }
        guard !candidate.isEmpty, !gold.isEmpty, depth < 8 else { return false }
        if ["A", "B", "C", "D", "E"].contains(gold), lastChoice(candidate) == gold { return true }
        if let number = number(candidate), let target = self.number(gold) {
            return [target / 100, target, target * 100].contains { isClose(number, $0) }
        }
        if bare(candidate) == bare(gold) { return true }
        if let left = elements(candidate), let right = elements(gold), left.count == right.count,
            zip(left, right).allSatisfy({ equal($0, $1, depth: depth + 1) })
        {
            return true
        }
        let (left, right) = (MathAnswer(candidate), MathAnswer(gold))
        if let number = left.formula?.number, let target = right.formula?.number, isClose(number, target) {
            return true
        }
        return left.equals(right)
    }

    private static func isClose(_ left: Double, _ right: Double) -> Bool {
        left.isFinite && right.isFinite && abs(left - right) <= 1e-4 * max(abs(left), abs(right))
    }

    /// The last letter from A to E that stands alone.
    private static func lastChoice(_ text: String) -> String? {
        text.split { !$0.isLetter && !$0.isNumber }.last { $0.count == 1 && "ABCDE".contains($0) }.map(String.init)
    }

    private static func number(_ text: String) -> Double? {
        var text = text.filter { $0 != "," }
        if text.hasSuffix("%") { text.removeLast() }
        guard text.contains(where: \.isDigit), text.allSatisfy({ $0.isDigit || ".eE+- ".contains($0) }) else {
            return nil
        }
        return Double(text.trimming())
    }

    private static func bare(_ text: String) -> String { text.lowercased().filter { !"{}()[]".contains($0) } }

    private static func elements(_ text: String) -> [String]? {
        guard let first = text.first, "([".contains(first), let last = text.last, ")]".contains(last) else {
            return nil
        }
        let parts = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
        return parts.map { String($0).trimming() }
    }
}
