/// What the folders that pictures lie in say of them.
struct FolderNames {
  /// One an item, without the folders that all of a list are in.
  private(set) var names: [String]
  private(set) var labels: [String?]
  private(set) var parts: [SetPart?]
  /// The first item without a label where others have one.
  private(set) var unlabelled: String?

  init(_ items: [PictureCollection.Item]) {
    var folders = items.map { item in
      item.root == .table ? [] : item.name.split(separator: "/").dropLast().map(String.init)
    }
    labels = items.map(\.label)
    parts = items.map(\.part)
    let indices = items.indices.filter { items[$0].root != .table }
    names = items.map(\.name)
    let isList = indices.allSatisfy { items[$0].root == .list }
    let dropped = FolderNames.dropCommon(&folders, indices, mayEmpty: isList)
    if isList {
      for index in indices {
        names[index] = names[index].split(separator: "/").dropFirst(dropped).joined(separator: "/")
      }
    }
    let tops = Set(indices.map { folders[$0].first })
    if !indices.isEmpty, tops.allSatisfy({ $0.flatMap(FolderNames.part) != nil }) {
      for index in indices {
        parts[index] = FolderNames.part(folders[index][0])
        folders[index].removeFirst()
      }
    }
    for index in indices { labels[index] = folders[index].first }
    guard labels.contains(where: { $0 != nil }), let missing = labels.firstIndex(of: nil) else { return }
    unlabelled = items[missing].name
    labels = Array(repeating: nil, count: items.count)
  }

  /// Drops the folders that all have in common.
  ///
  /// - Parameter mayEmpty: also where no folder is left then.
  /// - Returns: how many.
  private static func dropCommon(_ folders: inout [[String]], _ indices: [Int], mayEmpty: Bool) -> Int {
    let least = mayEmpty ? 1 : 2
    var dropped = 0
    while let first = indices.first.flatMap({ folders[$0].first }), part(first) == nil,
      indices.allSatisfy({ folders[$0].count >= least && folders[$0][0] == first })
    {
      for index in indices { folders[index].removeFirst() }
      dropped += 1
    }
    return dropped
  }

  /// Names that people give to the folders of training and of test pictures.
  private static func part(_ folder: String) -> SetPart? {
    switch folder.lowercased() {
    case "train", "training", "training_set", "train-images": .train
    case "test", "testing", "test_set", "val", "valid", "validation", "t10k": .test
    default: nil
    }
  }
}
