import Files

/// What can be wrong with a file that Selva keeps or with the place where it should go.
///
/// Offsets are bytes from the file's beginning; lines, columns and rows count from 1.
public enum StorageError: Fault, Equatable {
  /// The file does not begin with a length of a safetensors header that fits into it.
  case headerLength(path: String, length: UInt64, fileSize: Int)
  /// A binary file (safetensors, .npy) breaks its format's rules at `offset`.
  case brokenFile(path: String, offset: Int, problem: String, fix: String)
  /// The safetensors header's entry of `tensor`, or the data that it points to, is wrong.
  case brokenTensor(path: String, tensor: String, offset: Int, problem: String, fix: String)
  /// A tensor that the model needs is not in the file.
  case missingTensor(path: String, tensor: String)
  /// The data of `tensor` begin at `offset` and have another shape than the model's.
  case tensorShape(path: String, tensor: String, offset: Int, expected: [Int], found: [Int])
  /// The file is not what was written: it differs from its checksum.
  case damaged(path: String, problem: String)
  /// A text table is wrong at `line` in a way that no other case names.
  case brokenTable(path: String, line: Int, problem: String, fix: String)
  /// A row of a table has `found` values where there are `expected` columns.
  case raggedRow(path: String, line: Int, expected: Int, found: Int)
  /// A field of a table, `text`, is no number.
  case notANumber(path: String, line: Int, column: Int, text: String)
  /// A field of a table, `text`, is infinite, not a number, or too large for 32 bits.
  case notFinite(path: String, line: Int, column: Int, text: String)
  /// A table without a row.
  case noRows(path: String)
  /// The table's vectors do not have as many components as the model.
  case latentWidth(path: String, expected: Int, found: Int)
  /// The name of a file to be written does not say which format it should have.
  case unknownFormat(path: String)
  /// A folder for a new run that holds files already.
  case folderInUse(path: String)
  /// No folder in `parent` has a model.
  case noRun(parent: String)
  /// Every run in `parent` is finished.
  case nothingUnfinished(parent: String)
  /// A run's folder without a model: no epoch has ended in it.
  case noModel(path: String)

  public var category: FaultCategory {
    switch self {
    case .noRun, .nothingUnfinished, .noModel: .missingInput
    case .unknownFormat, .folderInUse: .cannotWrite
    default: .badData
    }
  }

  public var description: String {
    switch self {
    case .noRows(let path):
      "\(path): has no rows; give at least one latent vector"
    case .latentWidth(let path, let expected, let found):
      "\(path): has latent vectors of \(found) components, the model's have \(expected);"
        + " use vectors that this model encoded or sampled"
    case .unknownFormat(let path):
      "\(path): has no format that vectors can be written in; name it .csv, .npy or .npz"
    case .folderInUse(let path):
      "\(path): already holds files; continue that run with --resume or name another --output"
    case .noRun(let parent):
      "\(parent): holds no run with a model; train one first with 'selva train' or name a model file"
    case .nothingUnfinished(let parent):
      "\(parent): holds no run that is unfinished; name one with --resume, and ask for more with --epochs"
    case .noModel(let path):
      "\(path): holds no model.safetensors; let its training finish an epoch or name another run"
    default: binaryDescription ?? textDescription
    }
  }

  private var binaryDescription: String? {
    switch self {
    case .headerLength(let path, let length, let fileSize):
      "\(path): byte 0: announces a header of \(length) bytes in a file of \(fileSize);"
        + " it is no safetensors file or was cut short, so make or copy it again"
    case .brokenFile(let path, let offset, let problem, let fix):
      "\(path): byte \(offset): \(problem); \(fix)"
    case .brokenTensor(let path, let tensor, let offset, let problem, let fix):
      "\(path): byte \(offset): tensor '\(shown(tensor))' \(problem); \(fix)"
    case .damaged(let path, let problem):
      "\(path): is damaged: \(problem); take a copy that is whole or, where it was changed on purpose,"
        + " remove '\(SafetensorsChecksum.key)' from its metadata"
    case .missingTensor(let path, let tensor):
      "\(path): has no tensor '\(shown(tensor))'; use a file that Selva wrote for this kind of model"
    case .tensorShape(let path, let tensor, let offset, let expected, let found):
      "\(path): byte \(offset): tensor '\(shown(tensor))' has shape \(found), expected \(expected);"
        + " use a file written with the same model settings"
    default: nil
    }
  }

  private var textDescription: String {
    switch self {
    case .brokenTable(let path, let line, let problem, let fix):
      "\(path): line \(line): \(problem); \(fix)"
    case .raggedRow(let path, let line, let expected, let found):
      "\(path): line \(line): has \(found) values, the table has \(expected) columns;"
        + " give every row as many values, separated by commas"
    case .notANumber(let path, let line, let column, let text):
      "\(path): line \(line), column \(column): '\(shown(text))' is not a number;"
        + " write numbers like -0.25 or 1e-3, separated by commas"
    case .notFinite(let path, let line, let column, let text):
      "\(path): line \(line), column \(column): '\(shown(text))' is not a finite 32-bit number;"
        + " remove the row or the cause of it"
    default: preconditionFailure("a case without a description")
    }
  }
}
