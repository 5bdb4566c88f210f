package io.busbar.tools.plug;

import io.busbar.tools.plug.BundleJar.BrokenException;
import io.busbar.tools.plug.BundleJar.Offer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;

/**
 * Says what a bundle that does not resolve lacks, and what of the distribution would give it.
 *
 * @param context  for the bundles that are there
 * @param bundles  the distribution's bundles
 * @param features the distribution's features
 */
record Missing(BundleContext context, Path bundles, Path features) {

    private static final Pattern PACKAGE = Pattern.compile("\\(osgi\\.wiring\\.package=([^)]+)\\)");
    private static final Pattern FROM = Pattern.compile("\\(version>=([^)]+)\\)");
    private static final Pattern UP_TO = Pattern.compile("\\(!\\(version>=([^)]+)\\)\\)");

    /** A bundle of the distribution that has what is missing. */
    private record Giver(String origin, Optional<Path> feature) {}

    /**
     * Returns a sentence for each requirement that nothing fulfils; empty if each has something, which may lack something itself.
     *
     * @param bundle which is not resolved
     */
    List<String> of(Bundle bundle) {
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        return revision == null
                ? List.of()
                : revision.getDeclaredRequirements(null).stream()
                        .filter(Missing::counts)
                        .filter(requirement -> offered(requirement).isEmpty())
                        .map(this::sentence)
                        .toList();
    }

    private static boolean counts(BundleRequirement requirement) {
        return !Constants.RESOLUTION_OPTIONAL.equals(requirement.getDirectives().get(Constants.RESOLUTION_DIRECTIVE))
                && Constants.EFFECTIVE_RESOLVE.equals(requirement.getDirectives()
                        .getOrDefault(Constants.EFFECTIVE_DIRECTIVE, Constants.EFFECTIVE_RESOLVE));
    }

    private Optional<Bundle> offered(BundleRequirement requirement) {
        return Arrays.stream(context.getBundles())
                .filter(other -> revision(other)
                        .flatMap(revision -> revision.getDeclaredCapabilities(requirement.getNamespace()).stream())
                        .anyMatch(requirement::matches))
                .findFirst();
    }

    private static Stream<BundleRevision> revision(Bundle bundle) {
        return Stream.ofNullable(bundle.adapt(BundleRevision.class));
    }

    private String sentence(BundleRequirement requirement) {
        String filter = requirement.getDirectives().getOrDefault(Constants.FILTER_DIRECTIVE, "");
        Matcher aPackage = PACKAGE.matcher(filter);
        String what = aPackage.find()
                ? "package " + aPackage.group(1) + range(filter) + there(aPackage.group(1))
                : "capability " + requirement.getNamespace() + " " + filter;
        return "it needs " + what.strip() + ": " + givers(requirement.getNamespace(), filter);
    }

    private static String range(String filter) {
        String text = "";
        Matcher upTo = UP_TO.matcher(filter);
        Matcher from = FROM.matcher(upTo.replaceAll(""));
        if (from.find()) {
            text += " version " + from.group(1) + " or newer";
        }
        return upTo.reset().find() ? text + (text.isEmpty() ? " version" : "") + " before " + upTo.group(1) : text;
    }

    private String there(String name) {
        List<String> versions = Arrays.stream(context.getBundles())
                .flatMap(Missing::revision)
                .flatMap(revision -> revision.getDeclaredCapabilities(PackageNamespace.PACKAGE_NAMESPACE).stream())
                .filter(capability -> name.equals(capability.getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE)))
                .map(capability -> String.valueOf(
                        capability.getAttributes().get(PackageNamespace.CAPABILITY_VERSION_ATTRIBUTE)))
                .distinct()
                .toList();
        return versions.isEmpty() ? "" : ", and there is " + String.join(" and ", versions);
    }

    private String givers(String namespace, String filter) {
        List<Giver> givers = new ArrayList<>();
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(bundles, "*.jar")) {
            for (Path jar : jars) {
                giver(jar, namespace, filter).ifPresent(givers::add);
            }
        } catch (IOException | InvalidSyntaxException e) {
            return "nothing is known of the distribution (" + e.getMessage() + ")";
        }
        if (givers.isEmpty()) {
            return "nothing of the distribution has it";
        }
        Giver first = givers.getFirst();
        return "bundle " + first.origin() + " of the distribution has it"
                + first.feature().map(file -> ", which is in the feature " + file).orElse("");
    }

    private Optional<Giver> giver(Path jar, String namespace, String filter) throws InvalidSyntaxException, IOException {
        try {
            BundleJar read = BundleJar.read(jar);
            for (Offer offer : read.offers()) {
                if (offer.namespace().equals(namespace)
                        && (filter.isEmpty() || FrameworkUtil.createFilter(filter).matches(offer.attributes()))) {
                    return Optional.of(new Giver(read.origin(), featureWith(jar)));
                }
            }
        } catch (PlugException | BrokenException unreadable) {
            return Optional.empty(); // It gives nothing.
        }
        return Optional.empty();
    }

    private Optional<Path> featureWith(Path jar) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(features, "*.json")) {
            for (Path file : files) {
                if (lists(file, jar.getFileName().toString())) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }

    private static boolean lists(Path feature, String name) {
        try {
            return FeatureFile.bundles(feature).stream()
                    .map(coordinates -> coordinates.split(":"))
                    .anyMatch(parts -> parts.length == 3 && name.equals(parts[1] + "-" + parts[2] + ".jar"));
        } catch (PlugException unreadable) {
            return false; // It lists nothing.
        }
    }
}
