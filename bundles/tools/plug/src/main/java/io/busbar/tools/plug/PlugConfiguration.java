package io.busbar.tools.plug;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** What can be set of plugging, PID {@code io.busbar.tools.plug}. */
@ObjectClassDefinition(name = "Plugging", description = "Bundles that come, are replaced and go while devices are in use")
public @interface PlugConfiguration {

    /** Returns the directory of state. */
    @AttributeDefinition(
            name = "State directory",
            description = "Directory of the instance's state; installed bundles are kept in bundles/ of it. "
                    + "Empty (the default): none comes back at the next start, and there is no deploy directory.",
            required = false)
    String stateDir() default "";

    /** Returns where the distribution is. */
    @AttributeDefinition(
            name = "Distribution",
            description = "Directory with bundles/ and features/, in which bundles are found by their coordinates. "
                    + "Empty (the default): there is none.",
            required = false)
    String distribution() default "";

    /** Returns the directory of bundles that come and go by their files. */
    @AttributeDefinition(
            name = "Deploy directory",
            description = "Each jar that is put into it is installed, replaced when the file changes and taken away with it. "
                    + "Empty (the default): deploy/ of the state directory.",
            required = false)
    String deployDir() default "";

    /** Returns the local Maven repository. */
    @AttributeDefinition(
            name = "Maven repository",
            description = "Directory in which bundles are found by their coordinates that the distribution does not have. "
                    + "Empty (the default): the system property maven.repo.local, or else ~/.m2/repository.",
            required = false)
    String mavenRepository() default "";

    /** Returns the file of checksums. */
    @AttributeDefinition(
            name = "Checksums",
            description = "A file as sha256sum writes it; a bundle is only let in if its SHA-256 is in it. It is read each time. "
                    + "Empty (the default): any is let in.",
            required = false)
    String requireChecksum() default "";

    /** Returns the key store. */
    @AttributeDefinition(
            name = "Key store",
            description = "A key store (PKCS12 or JKS); a bundle is only let in if its jar is signed by one of the certificates in it. "
                    + "Empty (the default): unsigned ones are let in.",
            required = false)
    String requireSignature() default "";

    /** Returns the key store's password. */
    @AttributeDefinition(
            name = "Password of the key store",
            description = "The password of the key store; empty (the default) for one without.",
            required = false)
    String keystorePassword() default "";
}
