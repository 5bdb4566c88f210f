package io.busbar.itests.baseline;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.header.Attrs;
import aQute.bnd.header.Parameters;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Instructions;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Diff;
import aQute.bnd.service.diff.Tree;
import aQute.bnd.service.diff.Type;
import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The API of one bundle: its exported packages, their versions, and the elements in them that are seen from outside.
 *
 * @param tree as bnd sees it, without what is no API: manifest, resources, and what classes inherit from the JDK
 */
record ApiBaseline(Tree.Data tree) {

    /** What a bundle exports now. */
    static ApiBaseline ofBundle(Path file) throws Exception {
        try (var jar = new Jar(file.toFile())) {
            var tree = new DiffPluginImpl().tree(jar).serialize();
            keep(tree, child -> child.type == Type.API);
            var api = TreeText.children(tree)[0];
            keep(api, child -> child.type == Type.PACKAGE);
            for (var exported : TreeText.children(api)) {
                keep(exported, child -> child.type != Type.ANNOTATED);
                for (var type : TreeText.children(exported)) {
                    var inherited = inheritedFromTheJdk(type);
                    keep(type, child -> child.type != Type.METHOD || !inherited.contains(child.name));
                }
            }
            return new ApiBaseline(api);
        }
    }

    private static void keep(Tree.Data element, Predicate<Tree.Data> which) {
        element.children = Arrays.stream(TreeText.children(element)).filter(which).toArray(Tree.Data[]::new);
    }

    /** Methods of the superclasses that come with Java, which differ from one JDK to the next, in bnd's notation. */
    private static Set<String> inheritedFromTheJdk(Tree.Data type) {
        return Stream.concat(
                        Stream.of("java.lang.Object"),
                        Arrays.stream(TreeText.children(type))
                                .filter(child -> child.type == Type.EXTENDS)
                                .map(child -> child.name))
                .filter(name -> name.startsWith("java."))
                .flatMap(name -> Arrays.stream(load(name).getDeclaredMethods()))
                .filter(method -> !Modifier.isPrivate(method.getModifiers()))
                .map(ApiBaseline::signature)
                .collect(Collectors.toSet());
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a superclass that this JDK does not have: " + name, e);
        }
    }

    private static String signature(Executable method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getTypeName)
                .collect(Collectors.joining(",", method.getName() + "(", ")"));
    }

    /** What was accepted before. */
    static ApiBaseline read(Path file) throws Exception {
        return new ApiBaseline(TreeText.read(Files.readAllLines(file)));
    }

    void write(Path file) throws Exception {
        Files.createDirectories(file.getParent());
        Files.write(file, TreeText.write(tree));
    }

    /**
     * Compares with what was accepted before, by the rules of semantic versioning as bnd applies them: an element that
     * implementers or callers miss needs a new major version, a new one at least a new minor version.
     *
     * @return a sentence for each package whose version is too low for its changes, with the changes
     */
    List<String> faultsSince(ApiBaseline accepted) throws Exception {
        var faults = new ArrayList<String>();
        try (var processor = new Processor()) {
            processor.setProperty(Constants.BASELINEINCLUDEZEROMAJOR, "true");
            var infos = new Baseline(processor, new DiffPluginImpl())
                    .baseline(bundle(), exports(), accepted.bundle(), accepted.exports(), new Instructions("*"));
            for (var info : infos) {
                if (info.mismatch) {
                    faults.add(info.packageName + " has version " + info.newerVersion + ", its changes since "
                            + info.olderVersion + " need " + info.suggestedVersion + ":"
                            + changes(info.packageDiff, "\n  "));
                }
            }
        }
        return faults;
    }

    /** As part of a bundle, whose own name and version do not matter. */
    private Tree bundle() throws Exception {
        var bundle = new Tree.Data();
        bundle.type = Type.BUNDLE;
        bundle.name = "bundle";
        bundle.add = Delta.CHANGED;
        bundle.rem = Delta.CHANGED;
        var manifest = new Tree.Data();
        manifest.type = Type.MANIFEST;
        manifest.name = "<manifest>";
        manifest.add = Delta.CHANGED;
        manifest.rem = Delta.CHANGED;
        bundle.children = new Tree.Data[] {tree, manifest};
        return new DiffPluginImpl().deserialize(bundle);
    }

    /** The version of a package is an element of it. */
    private Parameters exports() {
        var exports = new Parameters();
        for (var exported : TreeText.children(tree)) {
            Arrays.stream(TreeText.children(exported))
                    .filter(child -> child.type == Type.VERSION)
                    .forEach(version -> exports.put(exported.name, Attrs.create("version", version.name)));
        }
        return exports;
    }

    private static String changes(Diff diff, String indent) {
        if (diff.getDelta() == Delta.UNCHANGED || diff.getDelta() == Delta.IGNORED) {
            return "";
        }
        var text = new StringBuilder(indent + diff.getDelta() + " " + diff.getType() + " " + diff.getName());
        diff.getChildren().forEach(child -> text.append(changes(child, indent + "  ")));
        return text.toString();
    }
}
