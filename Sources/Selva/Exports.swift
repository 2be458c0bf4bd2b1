// What this module's public names speak of is named through it: the rooms below are no products, and their names are too
// common for such.

@_exported import class Compute.WorkerGroup
@_exported import protocol Files.Fault
@_exported import enum Files.FaultCategory
@_exported import struct Files.FileError
@_exported import enum Networks.Activation
