package io.busbar.backends.file;

/** How data goes between the file and the driver's memory. */
enum IoMode {
    /** System calls through the page cache. */
    BUFFERED("buffered"),
    /** Past the page cache (O_DIRECT), asynchronously where the kernel can. */
    DIRECT("direct"),
    /** Reads copy from a mapping of the file; everything else as {@link #BUFFERED}. */
    MAPPED("mapped");

    private final String word;

    IoMode(String word) {
        this.word = word;
    }

    /** Returns the word that users write. */
    String word() {
        return word;
    }

    /** Returns all words, the default first. */
    static String[] words() {
        return new String[] {BUFFERED.word, DIRECT.word, MAPPED.word};
    }

    static IoMode of(String word) {
        for (IoMode mode : values()) {
            if (mode.word.equals(word)) {
                return mode;
            }
        }
        throw new IllegalArgumentException(word);
    }
}
