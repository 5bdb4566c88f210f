package io.busbar.busdrivers.vhostuser;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which files a front-end may share as its memory: one that shrinks under a mapping makes accesses fault. */
enum MemoryPolicy {
    /** Any file; the front-end is trusted not to truncate it. User Mode Linux needs this. */
    TRUSTED("trusted"),
    /** Only files that cannot shrink any more (F_SEAL_SHRINK); a file that allows it is sealed. */
    SEALED_ONLY("sealed-only");

    private final String word;

    MemoryPolicy(String word) {
        this.word = word;
    }

    static Optional<MemoryPolicy> of(String word) {
        return Arrays.stream(values()).filter(policy -> policy.word.equals(word)).findFirst();
    }

    static String words() {
        return Arrays.stream(values()).map(MemoryPolicy::toString).collect(Collectors.joining(" or "));
    }

    @Override
    public String toString() {
        return word;
    }
}
