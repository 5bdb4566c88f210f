package io.busbar.drivers.sim;

import java.lang.reflect.Proxy;
import org.osgi.framework.Bundle;
import org.osgi.framework.Version;

/** A bundle that has a name, a version and an id, and nothing else. */
final class FakeBundle {

    private FakeBundle() {}

    /** Returns {@code fake.model 9.0.0}. */
    static Bundle newer() {
        return (Bundle) Proxy.newProxyInstance(FakeBundle.class.getClassLoader(), new Class<?>[] {Bundle.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getSymbolicName" -> "fake.model";
                    case "getVersion" -> new Version(9, 0, 0);
                    case "getBundleId" -> 99L;
                    default -> throw new AssertionError(method);
                });
    }
}
