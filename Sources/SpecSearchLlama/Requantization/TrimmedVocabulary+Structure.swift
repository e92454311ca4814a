extension TrimmedVocabulary {
    /// The words that solutions and programs are built of, however rare they are elsewhere: a draft that has to spell
    /// `boxed` or the fence of a program loses its way.
    private static let words = """
        ```python ``` ** *** ** : --- ### \\[ \\] \\( \\) \\\\ \\$ \\_ \\% {\\ }{ }_{ }^{ _{ ^{ }} \\boxed{ \\frac{ \\dfrac{ \\text{ \\sqrt{ \\times \\cdot
        \\div \\left \\right \\leq \\geq \\neq \\approx \\sum \\prod \\pi \\theta \\alpha \\beta \\infty \\pmod \\binom \\begin{align*} \\end{align*}
        \\begin{aligned} \\end{aligned} \\quad \\implies \\Rightarrow \\equiv \\circ \\angle \\triangle \\log \\sin \\cos \\tan
        therefore thus hence since because first second third next then finally let suppose assume given note recall step
        identify determine denote define find calculate compute solve simplify simplifying substitute substituting combine
        combining divide dividing multiply multiplying subtract subtracting subtraction add adding addition multiplication
        division expand factor isolate rearrange evaluate check verify conclude total amount number sum difference product
        quotient remainder equation equations expression fraction numerator denominator percent percentage ratio average
        mean median area volume perimeter radius diameter triangle rectangle square circle angle degrees coordinates
        variable variables integer integers positive negative even odd prime factors multiple multiples digits probability
        cost costs price discount profit remaining leftover each every per day days week weeks month months year years hour
        hours minute minutes second seconds miles feet inches pounds ounces gallons dollars cents employees students people
        answer solution result example examples explanation function functions method input output return returns argument
        arguments parameter string strings list lists dictionary tuple index length element elements value values key keys
        def class self import from lambda yield except finally raise assert while elif else True False None isinstance
        enumerate range sorted reversed append extend format join split strip lower upper isdigit isalpha replace
        """

    /// The texts whose tokens stay, whatever their rank: the words in the forms in which they begin and go on.
    static let structure = words.split { $0 == " " || $0 == "\n" }.flatMap { word -> [String] in
        let word = String(word)
        let capitalized = word.prefix(1).uppercased() + word.dropFirst()
        return Set([word, capitalized]).flatMap { [$0, " " + $0, "_" + $0] }
    }
}
