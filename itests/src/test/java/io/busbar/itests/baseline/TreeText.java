package io.busbar.itests.baseline;

import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Tree;
import aQute.bnd.service.diff.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The elements of an API as lines of text, so that a change of the API is read as a change of a file: an element is one
 * line, {@code KIND name (+DELTA -DELTA)}, indented by its depth. The deltas are what adding and removing the element
 * means to others; the commonest of a kind, minor and major, are left out.
 */
final class TreeText {
    private static final String INDENT = "  ";
    private static final Delta ADDED = Delta.MINOR;
    private static final Delta REMOVED = Delta.MAJOR;

    private TreeText() {}

    static List<String> write(Tree.Data root) {
        var lines = new ArrayList<String>();
        write(root, 0, lines);
        return lines;
    }

    private static void write(Tree.Data element, int depth, List<String> lines) {
        var deltas = element.add == ADDED && element.rem == REMOVED ? "" : " (+" + element.add + " -" + element.rem + ")";
        lines.add(INDENT.repeat(depth) + element.type + " " + element.name + deltas);
        Arrays.stream(children(element))
                .sorted(Comparator.comparing((Tree.Data child) -> child.type).thenComparing(child -> child.name))
                .forEach(child -> write(child, depth + 1, lines));
    }

    /** @throws IllegalArgumentException if the lines are not what {@link #write} makes */
    static Tree.Data read(List<String> lines) {
        var above = new ArrayDeque<Tree.Data>();
        Map<Tree.Data, List<Tree.Data>> children = new HashMap<>();
        Tree.Data root = null;
        for (var line : lines) {
            var text = line.stripLeading();
            var depth = (line.length() - text.length()) / INDENT.length();
            if (depth > above.size()) {
                throw new IllegalArgumentException("too deep below the line before: " + line);
            }
            while (above.size() > depth) {
                above.pop();
            }
            var element = element(text);
            if (above.isEmpty()) {
                root = element;
            } else {
                children.computeIfAbsent(above.peek(), _ -> new ArrayList<>()).add(element);
            }
            above.push(element);
        }
        children.forEach((element, list) -> element.children = list.toArray(Tree.Data[]::new));
        return root;
    }

    private static Tree.Data element(String text) {
        var element = new Tree.Data();
        var space = text.indexOf(' ');
        var deltas = text.indexOf(" (+");
        element.type = Type.valueOf(text.substring(0, space));
        element.name = text.substring(space + 1, deltas < 0 ? text.length() : deltas);
        element.add = ADDED;
        element.rem = REMOVED;
        if (deltas >= 0) {
            var words = text.substring(deltas + 3, text.length() - 1).split(" -");
            element.add = Delta.valueOf(words[0]);
            element.rem = Delta.valueOf(words[1]);
        }
        return element;
    }

    static Tree.Data[] children(Tree.Data element) {
        return element.children == null ? new Tree.Data[0] : element.children;
    }
}
