/// What a person may have meant by a word that is not known.
enum Suggestion {
  /// The known word that takes the fewest slips of the finger to come from `word`; nil where that would be too many to be
  /// believed.
  static func nearest(to word: String, in known: [String]) -> String? {
    let nearest = known.map { (slips: slips(from: word, to: $0), word: $0) }.min { $0.slips < $1.slips }
    guard let nearest, nearest.slips <= max(1, min(3, word.count / 3)) else { return nil }
    return nearest.word
  }

  /// Letters left out, put in, changed, or exchanged with their neighbour (Damerau 1964, the optimal string alignment).
  static func slips(from a: String, to b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        let change = rows[i][j] + (a[i] == b[j] ? 0 : 1)
        var least = min(change, rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
