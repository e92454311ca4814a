extension SearchContext {
    /// Has the draft begin what the search will ask it for next, if it goes on with these children; does nothing unless the search
    /// overlaps its models' work.
    ///
    /// - Parameters:
    ///   - children: Those that are sure so far, by expansion of the batch that is under way.
    ///   - change: What is asked for otherwise than usual.
    ///   - count: The samples of a node's first wave, 0 for a node that needs none.
    func beginNext(
        after children: [[NodeID]], change: (inout SampleRequest) -> Void, count: (Expansion) -> Int
    ) {
        guard let draft = foreseeingDraft, children.contains(where: { !$0.isEmpty }),
            let batch = foresee?(children, tree), batch.depth < options.maximumDepth
        else { return }
        let requests = batch.expansions.map { expansion in
            var request = request(.draft, for: expansion, count: count(expansion), first: 0, depth: batch.depth)
            change(&request)
            return request
        }
        draft.begin(requests.filter { $0.count > 0 })
    }
}
