import ArgumentParser
import Selva

#if Exchange
  import Exchange
#endif

/// What a run leaves for other programs as it goes.
struct RecordOptions: ParsableArguments {
  #if Exchange
    @Flag(
      help:
        "Keep the run for TensorBoard too, in its folder tensorboard: losses, pictures and the latent space.")
    var tensorboard = false

    /// - Parameter name: of the recorder that a run which is resumed has.
    static func recorder(
      _ directory: RunDirectory, _ isAsked: Bool, _ name: String? = nil
    ) -> (any RunRecorder)? {
      isAsked || name == TensorBoardRecorder.name ? TensorBoardRecorder(folder: directory.tensorBoard) : nil
    }
  #else
    var tensorboard: Bool { false }

    static func recorder(
      _ directory: RunDirectory, _ isAsked: Bool, _ name: String? = nil
    ) -> (any RunRecorder)? { nil }
  #endif
}
