package io.busbar.itests.architecture;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What a bundle's manifest and classes say of it.
 *
 * @param symbolicName its symbolic name
 * @param exports packages that it exports
 * @param imports packages that it imports, statically or dynamically; bundles that it requires
 * @param packages packages of its own classes
 * @param inside which of its packages uses which other of them, as {@code package -> package}
 * @param nativeAccess calls that leave the safety of Java, as {@code class -> called method}
 */
record BundleFacts(
        String symbolicName, Set<String> exports, Set<String> imports, Set<String> packages, Set<String> inside,
        Set<String> nativeAccess) {

    private static final Pattern CLASS_IN_DESCRIPTOR = Pattern.compile("L([\\w/$]+);");

    static BundleFacts read(Path file) throws IOException {
        try (var jar = new JarFile(file.toFile())) {
            var manifest = jar.getManifest().getMainAttributes();
            var packages = new TreeSet<String>();
            var used = new TreeSet<String>();
            var nativeAccess = new TreeSet<String>();
            for (var entry : jar.stream().filter(e -> e.getName().endsWith(".class")).toList()) {
                var own = packageOf(entry.getName());
                packages.add(own);
                try (var bytes = jar.getInputStream(entry)) {
                    var type = ClassFile.of().parse(bytes.readAllBytes());
                    nativeAccess.addAll(nativeAccess(type));
                    used(type).stream().filter(other -> !other.equals(own)).forEach(other -> used.add(own + " -> " + other));
                }
            }
            used.removeIf(use -> packages.stream().noneMatch(other -> use.endsWith(" -> " + other)));
            return new BundleFacts(
                    names(manifest, "Bundle-SymbolicName").iterator().next(),
                    names(manifest, "Export-Package"),
                    Stream.of("Import-Package", "DynamicImport-Package", "Require-Bundle")
                            .flatMap(header -> names(manifest, header).stream())
                            .collect(Collectors.toCollection(TreeSet::new)),
                    packages,
                    used,
                    nativeAccess);
        }
    }

    private static String packageOf(String path) {
        return path.substring(0, Math.max(path.lastIndexOf('/'), 0)).replace('/', '.');
    }

    /** Packages of the classes that a class names, in its code and in the types of its members. */
    private static Set<String> used(ClassModel type) {
        var found = new TreeSet<String>();
        for (var entry : type.constantPool()) {
            switch (entry) {
                case ClassEntry named -> found.add(packageOf(named.asInternalName()));
                case Utf8Entry text -> CLASS_IN_DESCRIPTOR.matcher(text.stringValue()).results()
                        .forEach(match -> found.add(packageOf(match.group(1))));
                default -> { }
            }
        }
        return found;
    }

    /** The first word of each clause of a header. */
    private static Set<String> names(Attributes manifest, String header) {
        var value = manifest.getValue(header);
        if (value == null) {
            return Set.of();
        }
        return Arrays.stream(value.replaceAll("\"[^\"]*\"", "").split(","))
                .map(clause -> clause.split(";")[0].strip())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Restricted methods that a class refers to, and native methods that it declares. */
    static Set<String> nativeAccess(ClassModel type) {
        var name = type.thisClass().asInternalName().replace('/', '.');
        var called = StreamSupport.stream(type.constantPool().spliterator(), false)
                .filter(MemberRefEntry.class::isInstance)
                .map(MemberRefEntry.class::cast)
                .map(member -> member.owner().asInternalName().replace('/', '.') + "." + member.name().stringValue())
                .filter(BundleFacts::isRestricted);
        var declared = type.methods().stream()
                .filter(method -> (method.flags().flagsMask() & ClassFile.ACC_NATIVE) != 0)
                .map(MethodModel::methodName)
                .map(method -> "native method " + method.stringValue());
        return Stream.concat(called, declared)
                .map(what -> name + " -> " + what)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isRestricted(String method) {
        return switch (method) {
            case "java.lang.foreign.MemorySegment.reinterpret",
                    "java.lang.foreign.AddressLayout.withTargetLayout",
                    "java.lang.System.load",
                    "java.lang.System.loadLibrary",
                    "java.lang.Runtime.load",
                    "java.lang.Runtime.loadLibrary",
                    "java.lang.ModuleLayer$Controller.enableNativeAccess" -> true;
            default -> method.startsWith("java.lang.foreign.Linker.")
                    || method.startsWith("java.lang.foreign.SymbolLookup.")
                    || method.startsWith("sun.misc.Unsafe.")
                    || method.startsWith("jdk.internal.");
        };
    }
}
