package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleReference;

/** What a test class with {@link InFramework} can rely on. */
class InFrameworkIT {
    private final TestExecutionSummary summary = run(Example.class);

    @Test
    void testsThatPassInsidePassOutside() {
        assertThat(summary.getTestsSucceededCount()).isEqualTo(4);
    }

    @Test
    void aFailureInsideIsTheFailureOutside() {
        assertThat(summary.getFailures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.getException())
                        .isInstanceOf(AssertionError.class)
                        .hasMessage("said inside"));
    }

    @Test
    void anAssumptionThatDoesNotHoldInsideAbortsTheTestOutside() {
        assertThat(summary.getTestsAbortedCount()).isEqualTo(1);
    }

    private static TestExecutionSummary run(Class<?> tests) {
        var listener = new SummaryGeneratingListener();
        var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(tests)).build();
        LauncherFactory.create().execute(request, listener);
        return listener.getSummary();
    }

    /** Not found by the build, which looks for names that end in IT. */
    @ExtendWith(InFramework.class)
    static class Example {
        private boolean before;

        @BeforeEach
        void setUp() {
            before = true;
        }

        @Test
        void runsInABundleAndAfterItsSetUp(BundleContext context) {
            assertThat(getClass().getClassLoader()).isInstanceOf(BundleReference.class);
            assertThat(context.getBundle().getSymbolicName()).startsWith("PAXEXAM-PROBE");
            assertThat(before).isTrue();
        }

        @ParameterizedTest
        @ValueSource(ints = {3, 5})
        void takesParameters(int odd) {
            assertThat(odd % 2).isEqualTo(1);
        }

        @Test
        void fails() {
            fail("said inside");
        }

        @Test
        void assumesWhatIsNotSo() {
            assumeTrue(false);
        }

        @Nested
        class Inner {
            @Test
            void mayBeNested() {
                assertThat(getClass().getClassLoader()).isInstanceOf(BundleReference.class);
            }
        }
    }
}
