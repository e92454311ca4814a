/// The part of a vocabulary of byte pairs that a draft needs: the bytes, the first merges and all that is no plain text.
///
/// A vocabulary of 150,000 tokens has most of them for languages and names that a search never meets, and every pass
/// multiplies with all of them: with a model of 0.5 billion weights a third of its work. Merges are in the order of their
/// frequency where the vocabulary was learnt. What is left still spells every text, a rare word in more tokens; what the
/// model samples follows its own distribution, given the tokens that are left.
struct TrimmedVocabulary: Sendable, Hashable {
    /// The ids that stay, in order: a token's new id is its place.
    let kept: [Int]
    /// The places of the merges that stay.
    let merges: [Int]

    /// GGUF's kinds of tokens that are met here.
    private enum Kind {
        static let normal: Int32 = 1
        static let unused: Int32 = 5
    }

    /// Chooses what stays; time and memory linear in the vocabulary.
    ///
    /// - Parameters:
    ///   - tokens: The entries, each character one byte, as GPT-2 writes them.
    ///   - kinds: Their kinds, as GGUF numbers them.
    ///   - merges: Pairs with a blank between them, the first learnt first.
    ///   - needed: Ids that stay in any case, with what they are merged from: those of the chat template. A model that
    ///     reads `ass` and `istant` where an answer begins hardly knows that it is to answer.
    ///   - limit: How many plain tokens stay, single bytes among them.
    /// - Returns: Nil where a twentieth or less would go, or the lists do not belong together.
    init?(tokens: [String], kinds: [Int32], merges: [String], needed: Set<Int> = [], limit: Int) {
        guard tokens.count == kinds.count, !merges.isEmpty else { return nil }
        var ids: [String: Int] = [:]
        ids.reserveCapacity(tokens.count)
        var stays = [Bool](repeating: false, count: tokens.count)
        var left = limit
        for (id, token) in tokens.enumerated() {
            guard kinds[id] == Kind.normal else {
                stays[id] = kinds[id] != Kind.unused
                continue
            }
            ids[token] = id
            if token.unicodeScalars.count == 1 {
                stays[id] = true
                left -= 1
            }
        }
        // Both parts are written without blanks.
        let pairs = merges.map { $0.split(separator: " ").map(String.init) }
        /// Where each token is first merged.
        var merged: [Int: Int] = [:]
        for (place, parts) in pairs.enumerated() where parts.count == 2 {
            if let whole = ids[parts[0] + parts[1]], merged[whole] == nil { merged[whole] = place }
        }
        var waiting = needed.filter { kinds.indices.contains($0) && kinds[$0] == Kind.normal }
        while let id = waiting.popFirst() {
            guard !stays[id] else { continue }
            stays[id] = true
            left -= 1
            if let place = merged[id] { waiting.formUnion(pairs[place].compactMap { ids[$0] }) }
        }
        var keptMerges: [Int] = []
        for (place, parts) in pairs.enumerated() {
            guard parts.count == 2, let whole = ids[parts[0] + parts[1]],
                parts.allSatisfy({ ids[$0].map { stays[$0] } ?? false })
            else { continue }
            if !stays[whole] {
                guard left > 0 else { continue }
                stays[whole] = true
                left -= 1
            }
            keptMerges.append(place)
        }
        kept = stays.indices.filter { stays[$0] }
        self.merges = keptMerges
        guard kept.count * 20 < tokens.count * 19 else { return nil }
    }

    /// A token's new id; nil for one that has gone.
    ///
    /// Logarithmic in the number of tokens.
    func newID(of token: Int) -> Int? {
        let place = kept.partitioningIndex { $0 >= token }
        return place < kept.count && kept[place] == token ? place : nil
    }
}

extension Array {
    /// The first place whose element satisfies what all later ones do.
    fileprivate func partitioningIndex(_ isLater: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isLater(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
