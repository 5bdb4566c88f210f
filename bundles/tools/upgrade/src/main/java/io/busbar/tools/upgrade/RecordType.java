package io.busbar.tools.upgrade;

/** What a record says; see the package. The order is the protocol's. */
enum RecordType {
    HELLO,
    OPEN,
    DEVICE,
    ADOPT,
    COMMIT,
    DONE,
    REFUSED,
    /** Descriptors of the record that follows, where they are too many for one message. */
    DESCRIPTORS
}
