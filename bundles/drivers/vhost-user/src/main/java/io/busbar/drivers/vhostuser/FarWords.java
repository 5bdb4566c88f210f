package io.busbar.drivers.vhostuser;

import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.ring.SplitLayout;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A user's words, checked.
 *
 * @param socket    where the far process listens
 * @param type      what its device is
 * @param queues    how many queues (of a network device: pairs, of which there is one) are used; 0 for all
 * @param queueSize the largest size of a queue
 */
record FarWords(Path socket, FarClass type, int queues, int queueSize) {

    private static final String SOCKET = "socket";
    private static final String CLASS = "class";
    private static final String QUEUES = "queues";
    private static final String QUEUE_SIZE = "queue_size";
    static final int MOST_QUEUES = 64;
    private static final int DEFAULT_QUEUE_SIZE = 1024;

    /** The words, for help texts. */
    static final List<AttributeInfo> ATTRIBUTES = List.of(
            new AttributeInfo(SOCKET, "FILE", "Where the other process listens; it may come later."),
            new AttributeInfo(CLASS, FarClass.words(), "What its device is."),
            new AttributeInfo(QUEUES, "N", "How many of its queues are used, 1 to " + MOST_QUEUES
                    + "; default all. A network device has one pair."),
            new AttributeInfo(QUEUE_SIZE, "N", "Largest size of a queue, a power of two from 2 to "
                    + SplitLayout.MAX_SIZE + "; default " + DEFAULT_QUEUE_SIZE + "."));

    /**
     * Reads words.
     *
     * @throws VdpaException EINVAL: names the word, its value and what was expected
     */
    static FarWords of(Map<String, String> words) throws VdpaException {
        Set<String> unknown = new LinkedHashSet<>(words.keySet());
        ATTRIBUTES.forEach(known -> unknown.remove(known.name()));
        if (!unknown.isEmpty()) {
            throw invalid("unknown word " + String.join(" ", unknown) + ": expected socket, class, queues or queue_size");
        }
        String type = words.getOrDefault(CLASS, "");
        FarClass known =
                FarClass.of(type).orElseThrow(() -> invalid("class \"" + type + "\": expected " + FarClass.words()));
        return new FarWords(
                socket(words.getOrDefault(SOCKET, "")),
                known,
                number(QUEUES, words.get(QUEUES), 0, 1, known.mostUnits()),
                queueSize(words.get(QUEUE_SIZE)));
    }

    private static Path socket(String file) throws VdpaException {
        try {
            Path path = Path.of(file);
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException _) {
            // told below
        }
        throw invalid("socket \"" + file + "\": expected the absolute path of a socket");
    }

    private static int queueSize(String text) throws VdpaException {
        int size = number(QUEUE_SIZE, text, DEFAULT_QUEUE_SIZE, 2, SplitLayout.MAX_SIZE);
        if (Integer.bitCount(size) != 1) {
            throw invalid(QUEUE_SIZE + " " + text + ": expected a power of two from 2 to " + SplitLayout.MAX_SIZE);
        }
        return size;
    }

    private static int number(String word, String text, int otherwise, int least, int most) throws VdpaException {
        if (text == null) {
            return otherwise;
        }
        if (text.matches("[0-9]{1,9}") && Integer.parseInt(text) >= least && Integer.parseInt(text) <= most) {
            return Integer.parseInt(text);
        }
        throw invalid(word + " " + text + ": expected " + least + " to " + most);
    }

    private static VdpaException invalid(String sentence) {
        return new VdpaException(VdpaError.EINVAL, sentence);
    }
}
